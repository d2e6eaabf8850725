/**
 * Boot: the objects a kernel image is born with, at the addresses of their symbols.
 *
 * Afterwards there is one task, pid 0, in the initial namespaces, with init_files, init_fs and init_cred,
 * and one mounted root. Everything else of a world is added to this.
 *
 * Source: init/init_task.c, kernel/pid.c, init/main.c.
 */
import { KNOWN_FOPS } from './file_kinds.ts';
import type { Kernel } from './kernel.ts';
import { listAddTail, listInit } from './list.ts';
import { adoptIdle } from './objects/cgroup.ts';
import { CONTROLLER_SYMBOLS } from './objects/cgroup_css.ts';
import { initCpu } from './objects/cpu.ts';
import { ALL_CAPS, newCred, plainCred } from './objects/cred.ts';
import { newDentry, newMount } from './objects/dentry.ts';
import { newFiles } from './objects/files.ts';
import { newFsStruct } from './objects/fs_struct.ts';
import { KNOWN_FS_SYMBOLS, newDirectory, newSuper } from './objects/inode.ts';
import { INTERNAL_FS } from './objects/internal_mounts.ts';
import { initMemoryNode } from './objects/memory_node.ts';
import { initialNamespace, NAMESPACES, newNsproxy } from './objects/namespace.ts';
import type { NsKind, NsSet } from './objects/namespace.ts';
import { attachPid, PidType } from './objects/pid.ts';
import { initSignal } from './objects/signal.ts';
import { initTask, PF } from './objects/task.ts';
import { PROTOCOLS } from './objects/sock.ts';
import { initWakeupSources } from './objects/wakeup_source.ts';
import type { View } from './view.ts';

/** The objects of the image itself: symbol and struct. */
const IMAGE: readonly (readonly [symbol: string, struct: string])[] = [
  ['init_task', 'task_struct'],
  ['init_signals', 'signal_struct'],
  ['init_sighand', 'sighand_struct'],
  ['init_struct_pid', 'pid'],
  ['init_files', 'files_struct'],
  ['init_fs', 'fs_struct'],
  ['init_cred', 'cred'],
  ['init_mm', 'mm_struct'],
  ['init_nsproxy', 'nsproxy'],
  ['root_user', 'user_struct'],
  ['cgrp_dfl_root', 'cgroup_root'],
  ['init_css_set', 'css_set'],
  ...CONTROLLER_SYMBOLS.map((symbol) => [symbol, 'cgroup_subsys'] as const),
  ['root_task_group', 'task_group'],
  ['root_mem_cgroup', 'hlist_head'],
  ['super_blocks', 'list_head'],
  ...NAMESPACES.filter((ns) => ns.initial !== '').map((ns) => [ns.initial, ns.struct] as const),
  ...KNOWN_FS_SYMBOLS.map((symbol) => [symbol, 'file_system_type'] as const),
  ...KNOWN_FOPS.map((symbol) => [symbol, 'file_operations'] as const),
  ...Object.values(INTERNAL_FS).map(({ ops }) => [ops, 'dentry_operations'] as const),
  ...Object.values(INTERNAL_FS).map(({ pointer }) => [pointer, 'hlist_head'] as const),
  ['tcp_hashinfo', 'inet_hashinfo'],
  ['udp_table', 'udp_table'],
  ['nl_table', 'hlist_head'],
  ['node_data', 'hlist_head'],
  ['wakeup_sources', 'list_head'],
  ['cubictcp', 'tcp_congestion_ops'],
  ['tcp_reno', 'tcp_congestion_ops'],
  ...Object.values(PROTOCOLS).map(({ symbol }) => [symbol, 'proto'] as const),
];

export interface BootOptions {
  /** Numbers of the initial namespaces, where they differ from the usual ones. */
  readonly inums: Partial<Record<NsKind, number>>;
  readonly root: {
    readonly fstype: string;
    readonly dev: number;
    readonly mountId: number;
    readonly device: string;
  };
}

/** The namespaces every task starts in. */
export function initialNamespaces(kernel: Kernel, inums: Partial<Record<NsKind, number>> = {}): NsSet {
  return Object.fromEntries(
    NAMESPACES.map(({ kind }) => [kind, initialNamespace(kernel, kind, inums[kind])]),
  ) as unknown as NsSet;
}

function mountRoot(kernel: Kernel, { root }: BootOptions, mntNs: View): View {
  const sb = newSuper(kernel, root.fstype, root.dev);
  const inode = newDirectory(kernel, sb, 1);
  const dentry = newDentry(kernel, { name: '/', parent: null, sb, inode });
  sb.set('s_root', dentry.addr);
  return newMount(kernel, { id: root.mountId, sb, root: dentry, at: null, ns: mntNs, device: root.device });
}

/**
 * Brings a kernel up to the point where pid 1 could be made.
 *
 * @kernel start_kernel, init/main.c
 * @fidelity partial: the state it leaves behind, not the way there
 */
export function boot(kernel: Kernel, options: BootOptions): void {
  kernel.reserveImage(IMAGE);
  const ns = initialNamespaces(kernel, options.inums);
  const mount = mountRoot(kernel, options, ns.mnt);
  const root = { mnt: mount, dentry: kernel.view('dentry', mount.ptr('mnt.mnt_root')) };
  const nsproxy = newNsproxy(kernel, ns, kernel.object('init_nsproxy', 'nsproxy'));
  const mm = kernel.object('init_mm', 'mm_struct');
  mm.set('mm_users', 2);
  mm.set('mm_count', 1);
  const pid = kernel.object('init_struct_pid', 'pid', kernel.types.struct('upid').size);
  pid.set('count', 1);
  pid.set('numbers[0].ns', ns.pid.addr);
  const task = kernel.object('init_task', 'task_struct');
  initTask(kernel, task, {
    comm: 'swapper/0',
    parent: task,
    cred: newCred(
      kernel,
      { ...plainCred(0, 0), caps: { ...plainCred(0, 0).caps, bset: ALL_CAPS } },
      ns.user,
      kernel.object('init_cred', 'cred'),
    ),
    nsproxy,
    files: newFiles(kernel, kernel.object('init_files', 'files_struct')),
    fs: newFsStruct(kernel, root, root, kernel.object('init_fs', 'fs_struct')),
    mm: null,
    flags: PF.KTHREAD | PF.IDLE,
    state: 0,
    exitSignal: 0,
    startTime: 0n,
  });
  for (const parent of ['real_parent', 'parent', 'group_leader']) task.set(parent, task.addr);
  const signal = kernel.object('init_signals', 'signal_struct');
  initSignal(kernel, signal, null);
  for (const counter of ['sigcnt', 'live', 'nr_threads']) signal.set(counter, 1);
  for (const type of [PidType.TGID, PidType.PGID, PidType.SID]) signal.set(`pids[${type}]`, pid.addr);
  task.set('signal', signal.addr);
  task.set('sighand', kernel.object('init_sighand', 'sighand_struct').addr);
  kernel.object('init_sighand', 'sighand_struct').set('count', 1);
  task.set('thread_pid', pid.addr);
  listInit(kernel.mem, task.at('thread_node'));
  listAddTail(kernel.mem, task.at('thread_node'), signal.at('thread_head'));
  for (const type of Object.values(PidType)) attachPid(kernel, task, type);
  adoptIdle(kernel, task);
  initCpu(kernel, task);
  initMemoryNode(kernel);
  initWakeupSources(kernel);
  kernel.current = task.addr;
}
