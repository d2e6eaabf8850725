/** "Why is this object here?": the rules that put it there, read from the recording. */
import type { SceneNode } from '../../protocol/scene.ts';
import { isNullCall, kindAt } from './fold.ts';
import type { Folded } from './fold.ts';
import { keyWord } from './names.ts';
import type { Names } from './names.ts';
import { visitsOf } from './object_state.ts';
import type { Picture } from './picture.ts';

const times = (n: number): string => (n === 1 ? 'once' : n === 2 ? 'twice' : `${n} times`);

/** By which rule start and next find an object; `group` is the bucket, protocol or table it stands in. */
interface Rule {
  readonly first: (group: string) => string;
  readonly next: (group: string) => string;
  /** Found by next, in another group than the object before. */
  readonly over?: (group: string) => string;
}
const rule = (first: string, next: string): Rule => ({ first: () => first, next: () => next });
const BY_POSITION = rule('is the first', 'comes next');
const BY_ID = rule('is the lowest in use', 'is the next in use');
const BY_INDEX = rule('is at the lowest index', 'is at the next index');
const BY_AGE = rule('is the newest in the list', 'is the next older one in the list');
const BY_ORDER = rule(
  'comes first in the order that the link was given',
  'follows in the order that the link was given',
);
const BY_BUCKET: Rule = {
  first: (bucket) => `leads ${bucket}, the first that is not empty`,
  next: (bucket) => `follows in ${bucket}`,
  over: (bucket) => `leads ${bucket}, the next that is not empty`,
};
const BY_TABLE: Rule = {
  first: (table) => `is the first of ${table}, the first with routes`,
  next: (table) => `follows in ${table}, where longer prefixes come before those that hold them`,
  over: (table) => `is the first of ${table}, the next with routes`,
};
const RULES: Readonly<Record<string, Rule>> = {
  task: rule('is the lowest number in range', 'is the next number in use'),
  task_file: rule('is the lowest open descriptor in range', 'is the next open descriptor'),
  task_vma: rule('is the lowest area', 'is the next area by address'),
  bpf_map: BY_ID,
  bpf_prog: BY_ID,
  bpf_link: BY_ID,
  bpf_map_elem: BY_INDEX,
  sockmap: BY_INDEX,
  tcp: BY_BUCKET,
  udp: BY_BUCKET,
  unix: BY_BUCKET,
  netlink: BY_BUCKET,
  bpf_sk_storage_map: BY_BUCKET,
  ipv6_route: BY_TABLE,
  kmem_cache: BY_AGE,
  dmabuf: BY_AGE,
  cgroup: BY_ORDER,
  ksym: rule('is the first of the table of symbols', 'comes next in the table of symbols'),
};

/** How the call that delivered an object found it. */
function ruleOf({ trace }: Folded, names: Names, delivered: number): string {
  const by = RULES[trace.target] ?? BY_POSITION;
  const groupAt = (call: number): string =>
    names.group(trace.target, trace.owner[call] ?? 0n, trace.key[call] ?? 0, trace.object[call] ?? 0n);
  const group = groupAt(delivered);
  // A map's elements stand in buckets, or at indexes.
  const { first, next, over } = by === BY_INDEX && group.startsWith('bucket ') ? BY_BUCKET : by;
  const isFirst = kindAt(trace, delivered) === 'start';
  // What the picture has no room for has no group in it.
  if (over && group === '') return isFirst ? BY_POSITION.first('') : BY_POSITION.next('');
  if (isFirst) return first(group);
  return over && groupAt(delivered - 1) !== group ? over(group) : next(group);
}

/** Nodes with an arrow to the object, in the picture's order. */
function referrers(picture: Picture, node: SceneNode): readonly SceneNode[] {
  const from = new Set(Array.from(picture.edgesTo(node.id), (edge) => picture.from(edge)));
  return [...from].sort((a, b) => a - b).flatMap((id) => picture.node(id) ?? []);
}

/** Targets that do not go by a number: their objects are called by their names. */
const BY_NAME: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'ipv6_route',
  'cgroup',
  'ksym',
  'kmem_cache',
  'dmabuf',
  'bpf_sk_storage_map',
]);

/** `fd 2 of bash`: what a call is about, in a sentence. */
function thingOf({ trace }: Folded, names: Names, call: number): string {
  const object = trace.object[call] ?? 0n;
  const owner = trace.owner[call] ?? 0n;
  const key = trace.key[call] ?? 0;
  if (BY_NAME.has(trace.target) && (names.node(object) ?? names.slot(owner, key)))
    return names.shown(owner, key, object, call);
  // What is not in the picture would be a number only.
  const inOwner = owner !== object && names.node(owner) ? ` of ${names.object(owner, call)}` : '';
  return `${keyWord(trace.target, key)}${inOwner}`;
}

/** About the call itself: how the walk came to this object. */
export function whyCall(f: Folded, names: Names, call: number): readonly string[] {
  const { trace } = f;
  const kind = kindAt(trace, call);
  const read = trace.read[call] ?? 0;
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
          `The buffer holds ${trace.count[call] ?? 0} bytes and the reader asked for ${trace.reads[read]?.size ?? 0}: ${thingOf(f, names, call)} was already fetched, is given back, and the next read finds it again.`,
        ];
  if (object === 0n) return ['The position is past the last object: NULL ends the walk.'];
  const sentences: string[] = [];
  const delivered = kind === 'show' ? call - 1 : call;
  const by = kindAt(trace, delivered);
  const resumed = by === 'start' && read > 0;
  const thing = thingOf(f, names, call);
  sentences.push(
    resumed
      ? `start() of read ${read + 1} found ${thing} again at the remembered position; the previous read had stopped before it was shown.`
      : `${by === 'start' ? 'start() found it first' : 'next() found it'}: ${thing} ${ruleOf(f, names, delivered)}.`,
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
