/**
 * clone: a new task out of a running one. What is not shared is copied.
 *
 *     fork      nothing shared                      a shell's child
 *     thread    group, memory, files and fs shared  pthread_create
 *     vfork     memory shared until exec
 *
 * Source: kernel/fork.c.
 */
import { must } from '../../../shared/assert.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { copyFiles } from './files.ts';
import { newFsStruct } from './fs_struct.ts';
import { realMount } from './dentry.ts';
import { copyMm } from './mm.ts';
import { allocPid, taskActivePidNs, taskPid, PidType } from './pid.ts';
import { createTask, PF, setPriority, SIGCHLD, TaskState } from './task.ts';

export interface CloneFlags {
  /** CLONE_THREAD, with CLONE_SIGHAND and CLONE_VM: one more thread of the process. */
  readonly thread?: boolean;
  /** CLONE_VM */
  readonly vm?: boolean;
  /** CLONE_FILES */
  readonly files?: boolean;
  /** CLONE_FS */
  readonly fs?: boolean;
  /** Numbers to take, outermost namespace first; else the next free ones. */
  readonly pids?: readonly number[];
}

function copyFs(kernel: Kernel, from: View): View {
  const place = (member: string): { mnt: View; dentry: View } => ({
    mnt: realMount(kernel, from.ptr(`${member}.mnt`)),
    dentry: must(from.deref(`${member}.dentry`), 'dentry of an fs_struct'),
  });
  const fs = newFsStruct(kernel, place('root'), place('pwd'));
  fs.set('umask', from.num('umask'));
  return fs;
}

/**
 * @returns the new task, runnable
 * @kernel kernel_clone, kernel/fork.c
 * @fidelity partial: no ptrace, no set_tid, namespaces are inherited
 */
export function cloneTask(kernel: Kernel, parent: View, flags: CloneFlags = {}): View {
  const shares = (what: boolean | undefined): boolean => flags.thread === true || what === true;
  const inherit = (
    field: 'mm' | 'files' | 'fs',
    shared: boolean,
    copy: (from: View) => View,
  ): View | null => {
    const own = parent.deref(field);
    return own && (shared ? own : copy(own));
  };
  const nsproxy = parent.deref('nsproxy');
  const ns = nsproxy?.deref('pid_ns_for_children') ?? taskActivePidNs(kernel, parent);
  const leader = flags.thread ? must(parent.deref('group_leader'), 'group_leader') : null;
  const task = createTask(kernel, {
    comm: parent.str('comm'),
    pid: allocPid(kernel, must(ns, 'pid namespace'), flags.pids),
    leader,
    parent: must(parent.deref('group_leader'), 'group_leader'),
    pgid: taskPid(parent, PidType.PGID),
    sid: taskPid(parent, PidType.SID),
    cred: must(parent.deref('cred'), 'cred'),
    nsproxy,
    files: inherit('files', shares(flags.files), (from) => copyFiles(kernel, from)),
    fs: inherit('fs', shares(flags.fs), (from) => copyFs(kernel, from)),
    mm: inherit('mm', shares(flags.vm), (from) => copyMm(kernel, from)),
    flags: (parent.num('flags') & PF.KTHREAD) | PF.FORKNOEXEC,
    state: TaskState.RUNNING,
    exitSignal: flags.thread ? -1 : SIGCHLD,
    startTime: kernel.now,
    copyOf: parent,
  });
  const mm = task.deref('mm');
  if (mm && mm.addr !== parent.ptr('mm')) mm.set('owner', task.addr);
  setPriority(kernel, task, parent.num('static_prio') - 120, parent.num('policy'), parent.num('rt_priority'));
  return task;
}
