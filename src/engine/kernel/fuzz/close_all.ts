/**
 * Takes a machine back to where it has one process that has nothing open: everybody else exits and is waited
 * for, cgroups are removed, and the time that sockets stay in TIME_WAIT passes.
 */
import type { BuiltWorld } from '../build_world.ts';
import { applyChange } from '../changes/index.ts';
import { cgroupName, cgroupParent, descendantsPost, rootCgroup } from '../objects/cgroup.ts';
import { openFds } from '../objects/files.ts';
import { allSockets, tcpEstablished, unhashTcp } from '../objects/inet_hash.ts';
import { vmas } from '../objects/mm.ts';
import { PF, processes, threads } from '../objects/task.ts';
import { isReapable } from '../objects/task_exit.ts';
import { isFullSock, sockCommon, sockPut } from '../objects/sock.ts';
import type { View } from '../view.ts';
import { parseChange } from '../world.ts';

const SMALL_SOCK_REFS = 3;

export function closeAll(built: BuiltWorld): void {
  const { kernel } = built;
  const change = (entry: Record<string, unknown>): void =>
    applyChange(
      { ...built, maps: null },
      parseChange({ at: { call: 0 }, ...entry }, ''),
      '',
      () => undefined,
    );
  const others = (): View[] =>
    [...processes(kernel)].filter(
      (leader) => leader.num('pid') !== 1 && (leader.num('flags') & PF.KTHREAD) === 0,
    );
  for (const leader of others()) {
    const living = [...threads(kernel, leader)].find((thread) => thread.num('exit_state') === 0);
    if (living) change({ do: 'exit', pid: living.num('pid') });
  }
  for (let gone = others().filter(isReapable); gone.length > 0; gone = others().filter(isReapable))
    for (const zombie of gone) change({ do: 'wait', pid: zombie.num('pid') });
  const [init] = processes(kernel);
  if (!init) return;
  const tids = [...threads(kernel, init)].map((thread) => thread.num('pid'));
  for (const pid of tids) if (pid !== 1) change({ do: 'exit_thread', pid });
  const files = init.deref('files');
  for (const { fd } of files ? [...openFds(kernel, files)] : []) change({ do: 'close', pid: 1, fd });
  const mm = init.deref('mm');
  for (const vma of mm ? [...vmas(kernel, mm)] : [])
    change({ do: 'munmap', pid: 1, start: hex(vma.big('vm_start')), end: hex(vma.big('vm_end')) });
  removeCgroups(built, change);
  expireSmallSocks(built);
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function removeCgroups({ kernel }: BuiltWorld, change: (entry: Record<string, unknown>) => void): void {
  const path = (cgroup: View): string => {
    const parent = cgroupParent(kernel, cgroup);
    return parent ? `${path(parent)}/${cgroupName(kernel, cgroup)}` : '';
  };
  for (const leader of processes(kernel)) change({ do: 'cgroup_move', pid: leader.num('pid'), path: '/' });
  const paths = [...descendantsPost(kernel, rootCgroup(kernel))].map(path);
  for (const each of paths) if (each !== '') change({ do: 'cgroup_remove', path: each });
}

/** Their timers fire. */
function expireSmallSocks({ kernel }: BuiltWorld): void {
  const connections = [...allSockets(tcpEstablished(kernel))];
  for (const addr of connections) {
    const common = sockCommon(kernel, addr);
    if (isFullSock(common)) continue;
    unhashTcp(kernel, common);
    for (let i = 0; i < SMALL_SOCK_REFS; i++) sockPut(kernel, addr);
  }
}
