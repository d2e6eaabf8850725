/**
 * Namespaces, and the nsproxy through which a task reaches them.
 *
 *     task->nsproxy -> { uts, ipc, mnt, net, time, cgroup, pid for children }     own pid: task->thread_pid
 *     task->cred->user_ns
 *
 * Only what tells namespaces apart is modelled: ns.inum, owner, parent and level.
 *
 * Source: kernel/nsproxy.c, kernel/pid_namespace.c, include/linux/proc_ns.h.
 */
import { must } from '../../../shared/assert.ts';
import type { Kernel } from '../kernel.ts';
import { listInit } from '../list.ts';
import type { View } from '../view.ts';
import { getRef, putRef } from './refs.ts';

export type NsKind = 'pid' | 'net' | 'mnt' | 'uts' | 'ipc' | 'user' | 'cgroup' | 'time';

interface NsType {
  readonly kind: NsKind;
  readonly struct: string;
  /** Symbol of the initial one; '' when it is allocated at boot. */
  readonly initial: string;
  /** Number of the initial one, as in the links of /proc/PID/ns. */
  readonly inum: number;
  /** Field of nsproxy; '' for user, which hangs on the cred. */
  readonly proxy: string;
}

export const NAMESPACES: readonly NsType[] = [
  { kind: 'time', struct: 'time_namespace', initial: 'init_time_ns', inum: 4026531834, proxy: 'time_ns' },
  {
    kind: 'cgroup',
    struct: 'cgroup_namespace',
    initial: 'init_cgroup_ns',
    inum: 4026531835,
    proxy: 'cgroup_ns',
  },
  {
    kind: 'pid',
    struct: 'pid_namespace',
    initial: 'init_pid_ns',
    inum: 4026531836,
    proxy: 'pid_ns_for_children',
  },
  { kind: 'user', struct: 'user_namespace', initial: 'init_user_ns', inum: 4026531837, proxy: '' },
  { kind: 'uts', struct: 'uts_namespace', initial: 'init_uts_ns', inum: 4026531838, proxy: 'uts_ns' },
  { kind: 'ipc', struct: 'ipc_namespace', initial: 'init_ipc_ns', inum: 4026531839, proxy: 'ipc_ns' },
  { kind: 'net', struct: 'net', initial: 'init_net', inum: 4026531840, proxy: 'net_ns' },
  { kind: 'mnt', struct: 'mnt_namespace', initial: '', inum: 4026531841, proxy: 'mnt_ns' },
];

const typeOf = (kind: NsKind): NsType =>
  must(
    NAMESPACES.find((ns) => ns.kind === kind),
    `namespace type ${kind}`,
  );

/** How to reach a namespace again: one View for each kind. */
export type NsSet = Readonly<Record<NsKind, View>>;

function fill(kernel: Kernel, type: NsType, ns: View, inum: number, parent: View | null, owner: View): void {
  ns.set('ns.inum', inum);
  ns.trySet('ns.ops', nsOperations(kernel, type.kind).addr);
  ns.trySet('ns.count', 1);
  if (type.kind !== 'user') ns.trySet('user_ns', owner.addr);
  if (type.kind === 'pid' || type.kind === 'user') {
    ns.set('parent', parent?.addr ?? 0n);
    ns.set('level', parent ? parent.num('level') + 1 : 0);
  }
  if (type.kind === 'user')
    for (const map of ['uid_map', 'gid_map', 'projid_map']) {
      ns.trySet(`${map}.nr_extents`, 1);
      ns.trySet(`${map}.extent[0].count`, 0xffff_ffff);
      for (const zero of ['first', 'lower_first']) ns.trySet(`${map}.extent[0].${zero}`, 0);
    }
  if (type.kind === 'net') {
    for (const head of ['list', 'exit_list', 'dev_base_head'])
      if (ns.has(head)) listInit(kernel.mem, ns.at(head));
    ns.trySet('net_cookie', inum - type.inum + 1);
    // Linux draws it at random, so that nobody can guess buckets; with none they are the same in every run.
    ns.trySet('hash_mix', 0);
  }
}

/** The operations of a kind of namespace; their name is what links in /proc/PID/ns begin with. */
function nsOperations(kernel: Kernel, kind: NsKind): View {
  const symbol = `${kind}ns_operations`;
  const fresh = !kernel.hasObject(symbol);
  const ops = kernel.object(symbol, 'proc_ns_operations');
  if (fresh) ops.set('name', kernel.allocText(kind));
  return ops;
}

/** The initial namespace of a kind, made at boot. @kernel init_nsproxy, kernel/nsproxy.c @fidelity partial: identity only */
export function initialNamespace(kernel: Kernel, kind: NsKind, inum?: number): View {
  const type = typeOf(kind);
  const name = type.initial === '' ? `init_${kind}_ns` : type.initial;
  const ns = kernel.object(name, type.struct);
  // The user namespace owns the others, and is there before its turn comes.
  if (nsInum(ns) === 0)
    fill(kernel, type, ns, inum ?? type.inum, null, kernel.object('init_user_ns', 'user_namespace'));
  return ns;
}

/**
 * A namespace below `parent`.
 *
 * @kernel create_pid_namespace, kernel/pid_namespace.c and its siblings
 * @fidelity partial: identity, owner, parent and level; a network namespace has no devices of its own
 */
export function newNamespace(kernel: Kernel, kind: NsKind, inum: number, parent: View): View {
  const type = typeOf(kind);
  const ns = kernel.alloc(type.struct);
  fill(kernel, type, ns, inum, parent, kernel.object('init_user_ns', 'user_namespace'));
  return ns;
}

export const nsInum = (ns: View): number => ns.num('ns.inum');

/** An nsproxy for these namespaces, that nobody uses yet. @kernel create_new_namespaces, kernel/nsproxy.c @fidelity full: task.test.ts */
export function newNsproxy(kernel: Kernel, set: NsSet, at?: View): View {
  const proxy = at ?? kernel.alloc('nsproxy');
  for (const type of NAMESPACES) if (type.proxy !== '') proxy.trySet(type.proxy, set[type.kind].addr);
  proxy.trySet('time_ns_for_children', set.time.addr);
  return proxy;
}

export const getNsproxy = (proxy: View): View => getRef(proxy, 'count');

export function putNsproxy(kernel: Kernel, proxy: View): void {
  if (putRef(proxy, 'count')) kernel.mem.release(proxy.addr);
}
