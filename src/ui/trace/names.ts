/** Names of objects, from the picture's labels: what the timeline, the events and the sentences call them. */
import type { SceneNode } from '../../protocol/scene.ts';
import { isNullCall, kindAt } from './fold.ts';
import type { Folded } from './fold.ts';
import type { Picture } from './picture.ts';

export interface Names {
  /** What the object at an address is called at a call, or its address. */
  readonly object: (addr: bigint, call: number) => string;
  /** Name of an object that was shown: where one record stands for all of them, that of its place. */
  readonly shown: (owner: bigint, key: number, addr: bigint, call: number) => string;
  /** `bash, fd 2`: what a call is about. '' without an object. */
  readonly subject: (f: Folded, call: number) => string;
  /** `bucket 12`: what the object stands in, by the picture; ''. */
  readonly group: (target: string, owner: bigint, key: number, addr: bigint) => string;
  readonly node: (addr: bigint) => SceneNode | undefined;
  readonly slot: (owner: bigint, key: number) => SceneNode | undefined;
}

/** Word for the key of an object, by target; other targets number their objects. */
const KEY_WORDS: Readonly<Record<string, (key: number) => string>> = {
  task: (key) => `pid ${key}`,
  task_file: (key) => `fd ${key}`,
  task_vma: (key) => `0x${key.toString(16)}`,
  bpf_map: (key) => `id ${key}`,
  bpf_prog: (key) => `id ${key}`,
  bpf_link: (key) => `id ${key}`,
  bpf_map_elem: (key) => `element ${key}`,
  cgroup: (key) => `id ${key}`,
  tcp: (key) => `port ${key}`,
  udp: (key) => `port ${key}`,
  unix: (key) => `ino ${key}`,
  netlink: (key) => `port ${key}`,
  ksym: (key) => `position ${key}`,
  ipv6_route: (key) => `/${key}`,
  sockmap: (key) => `element ${key}`,
  bpf_sk_storage_map: (key) => `element ${key}`,
  kmem_cache: (key) => `${key} B`,
  dmabuf: (key) => `ino ${key}`,
};

/** Targets whose objects' names say the key already. */
const NAMED_BY_KEY: ReadonlySet<string> = new Set(['tcp', 'udp', 'ipv6_route', 'sockmap']);

export const keyWord = (target: string, key: number): string => KEY_WORDS[target]?.(key) ?? `index ${key}`;

export const formatAddress = (addr: bigint): string => `0x${addr.toString(16).padStart(16, '0')}`;

/** Targets whose objects are named by their owner; others by themselves. */
const BY_OWNER: ReadonlySet<string> = new Set(['task_file', 'task_vma']);

function build(picture: Picture | null): Names {
  const node = (addr: bigint): SceneNode | undefined => picture?.named(addr);
  const slot = (owner: bigint, key: number): SceneNode | undefined => picture?.slot(owner, key);
  const called = (drawn: SceneNode | undefined, addr: bigint, call: number): string =>
    picture?.nodeAt(drawn?.id ?? -1, call)?.label || formatAddress(addr);
  const object = (addr: bigint, call: number): string => called(node(addr), addr, call);
  const shown = (owner: bigint, key: number, addr: bigint, call: number): string =>
    called(node(addr) ?? slot(owner, key), addr, call);
  const subject = (f: Folded, call: number): string => {
    const { trace } = f;
    const addr = trace.object[call] ?? 0n;
    if (addr === 0n) return isNullCall(trace, call) ? 'NULL' : kindAt(trace, call) === 'copy' ? '' : 'NULL';
    const owner = trace.owner[call] ?? 0n;
    const key = trace.key[call] ?? 0;
    const named =
      BY_OWNER.has(trace.target) && owner !== 0n ? object(owner, call) : shown(owner, key, addr, call);
    const word = keyWord(trace.target, key);
    const said = named === word || (NAMED_BY_KEY.has(trace.target) && (node(addr) ?? slot(owner, key)));
    return said ? named : `${named}, ${word}`;
  };
  const group = (target: string, owner: bigint, key: number, addr: bigint): string => {
    const frame = picture?.node((node(addr) ?? slot(owner, key))?.parent ?? -1);
    // A row of sockets is framed without a name of its own.
    return frame ? frame.label || `${target === 'netlink' ? 'protocol' : 'bucket'} ${frame.key}` : '';
  };
  return { object, shown, subject, group, node, slot };
}

const known = new WeakMap<Picture, Names>();
const noNames = build(null);
/** The same picture gives the same object. */
export function namesOf(picture: Picture | null): Names {
  if (picture === null) return noNames;
  let names = known.get(picture);
  if (!names) known.set(picture, (names = build(picture)));
  return names;
}
