/** "Why is this object here?": the rules that put it there, read from the recording. */
import type { SceneNode } from '../../protocol/scene.ts';
import { isNullCall, kindAt } from './fold.ts';
import type { Folded } from './fold.ts';
import { keyWord } from './names.ts';
import type { Names } from './names.ts';
import { visitsOf } from './object_state.ts';
import type { Picture } from './picture.ts';

const times = (n: number): string => (n === 1 ? 'once' : n === 2 ? 'twice' : `${n} times`);

/** By which rule start and next find an object. */
interface Rule {
  readonly first: string;
  readonly next: string;
}
const BY_POSITION: Rule = {
  first: 'is the lowest position in range',
  next: 'is the next position in use',
};
const BY_BUCKET: Rule = {
  first: 'leads the first bucket that is not empty',
  next: 'follows in its bucket, or leads the next one that is not empty',
};
const BY_AGE: Rule = { first: 'is the newest in the list', next: 'is the next older one in the list' };
const RULES: Readonly<Record<string, Rule>> = {
  tcp: BY_BUCKET,
  udp: BY_BUCKET,
  unix: BY_BUCKET,
  bpf_sk_storage_map: BY_BUCKET,
  sockmap: {
    first: 'is at the lowest index, or leads the first bucket that is not empty',
    next: 'is at the next index, or follows in its bucket or the next one',
  },
  netlink: {
    first: 'is the first of the lowest protocol that has sockets',
    next: 'follows in its protocol, or is the first of the next one that has sockets',
  },
  kmem_cache: BY_AGE,
  dmabuf: BY_AGE,
  ipv6_route: {
    first: 'is the first in the first table with routes',
    next: 'follows in its table, longer prefixes before those that hold them, or leads the next table',
  },
  cgroup: {
    first: 'comes first in the order that the link was given',
    next: 'follows in the order that the link was given',
  },
  bpf_map_elem: {
    first: 'is at the lowest index, or leads the first bucket that is not empty',
    next: 'is at the next index, or next in its bucket, or leads the next bucket that is not empty',
  },
};

/** Nodes with an arrow to the object, in the picture's order. */
function referrers(picture: Picture, node: SceneNode): readonly SceneNode[] {
  const from = new Set(Array.from(picture.edgesTo(node.id), (edge) => picture.from(edge)));
  return [...from].sort((a, b) => a - b).flatMap((id) => picture.node(id) ?? []);
}

/** About the call itself: how the walk came to this object. */
export function whyCall(f: Folded, names: Names, call: number): readonly string[] {
  const { trace } = f;
  const kind = kindAt(trace, call);
  const read = trace.read[call] ?? 0;
  const key = keyWord(trace.target, trace.key[call] ?? 0);
  if (isNullCall(trace, call))
    return ['The walk found no further object, so stop() ran the program a last time with NULL.'];
  if (kind === 'copy')
    return [
      `The read ends here: what the buffer holds goes to the reader, at most ${trace.reads[read]?.size ?? 0} bytes.`,
    ];
  const object = trace.object[call] ?? 0n;
  if (kind === 'stop')
    return object === 0n
      ? ['No object is held at the end of this read.']
      : [
          `The buffer holds ${trace.count[call] ?? 0} bytes and the reader asked for ${trace.reads[read]?.size ?? 0}: ${key} was already fetched, is given back, and the next read finds it again.`,
        ];
  if (object === 0n) return ['The position is past the last object: NULL ends the walk.'];
  const sentences: string[] = [];
  const delivered = kind === 'show' ? call - 1 : call;
  const by = kindAt(trace, delivered);
  const resumed = by === 'start' && read > 0;
  const owner = trace.owner[call] ?? 0n;
  const { first, next } = RULES[trace.target] ?? BY_POSITION;
  // What is not in the picture would be a number only.
  const inOwner = owner !== object && names.node(owner) ? ` of ${names.object(owner)}` : '';
  sentences.push(
    resumed
      ? `start() of read ${read + 1} found ${key}${inOwner} again at the remembered position; the previous read had stopped before it was shown.`
      : by === 'start'
        ? `start() found it first: ${key}${inOwner} ${first}.`
        : `next() found it: ${key}${inOwner} ${next}.`,
  );
  const skipped = trace.skips.filter((row) => row.call === delivered);
  for (const reason of new Set(skipped.map((row) => row.reason))) {
    const n = skipped.filter((row) => row.reason === reason).length;
    sentences.push(`On the way ${n === 1 ? 'one was' : `${n} were`} passed over: ${reason}.`);
  }
  return sentences;
}

/** What changes of the world did to an object. */
function changesOf(f: Folded, { lives }: Picture, { id }: SceneNode): readonly string[] {
  const last = lives.any ? lives.last(id, Infinity) : undefined;
  if (!last || (last.there && !lives.hasCome(id))) return [];
  const why = f.trace.changes.filter(({ call }) => call === last.call).map(({ text }) => text);
  return [`It is ${last.there ? 'there' : 'gone'} from event ${last.call + 1} on: ${why.join('; ')}.`];
}

/** About an object of the picture: who refers to it, and how often it is shown. */
export function whyObject(f: Folded, picture: Picture, node: SceneNode): readonly string[] {
  const sentences: string[] = [];
  const from = referrers(picture, node);
  if (from.length > 1) {
    const owners = new Set(from.map((other) => other.owner).filter((owner) => owner !== 0n));
    sentences.push(
      `${from.length} references name this one object` +
        (owners.size > 1
          ? `, in ${owners.size} tasks: shared by fork or passed on.`
          : node.kind === 'file'
            ? ': the same open file by dup.'
            : '.'),
    );
  }
  for (const text of changesOf(f, picture, node)) sentences.push(text);
  if (node.reason !== '') sentences.push(`The program is not called for it: ${node.reason}.`);
  const visits = visitsOf(f, node);
  if (visits.length > 0) {
    const undone = visits.filter((visit) => visit.result < 0).length;
    sentences.push(
      `The program is called for it ${times(visits.length)}${undone > 0 ? `, ${times(undone)} taken back` : ''}.`,
    );
  }
  return sentences;
}
