/** What a world tells of a task beyond its place among others: what it spent, its priority and its signals. */
import type { Kernel } from './kernel.ts';
import { setUserRegisters } from './objects/kernel_stack.ts';
import { EXIT_ZOMBIE, setPriority, setSpent } from './objects/task.ts';
import { setAction, SIG_IGN, signalsIn } from './objects/signal.ts';
import type { View } from './view.ts';
import type { WorldProcess, WorldThread } from './world_schema.ts';

/** task_struct.atomic_flags */
const PFA_NO_NEW_PRIVS = 1;

export function setTaskFacts(kernel: Kernel, task: View, entry: WorldProcess | WorldThread): void {
  task.set('exit_state', entry.state === 'Z' ? EXIT_ZOMBIE : 0);
  task.set('exit_code', entry.exitCode);
  setPriority(kernel, task, entry.nice, entry.policy, entry.rtPriority);
  task.trySet('thread_info.cpu', entry.cpu);
  task.trySet('nvcsw', entry.voluntarySwitches);
  task.trySet('nivcsw', entry.involuntarySwitches);
  task.trySet('min_flt', entry.minorFaults);
  task.trySet('maj_flt', entry.majorFaults);
  task.trySet('last_switch_count', entry.voluntarySwitches + entry.involuntarySwitches);
  setSpent(task, entry.userTime, entry.systemTime, entry.guestTime);
  task.trySet('blocked', BigInt(entry.blocked ?? 0));
  task.trySet('pending.signal', BigInt(entry.pending ?? 0));
  task.trySet('atomic_flags', entry.noNewPrivs ? PFA_NO_NEW_PRIVS : 0);
  task.trySet('seccomp.mode', entry.seccomp);
  // Who is dead has no stack, where registers would be.
  if (!entry.registers || entry.state === 'Z') return;
  const { ip, sp, call = -1, args } = entry.registers;
  setUserRegisters(kernel, task, { ip: BigInt(ip), sp: BigInt(sp), call, args: args.map(BigInt) });
}

/** What belongs to the leader's signal_struct and sighand_struct, which its threads share. */
export function setProcessFacts(leader: View, process: WorldProcess): void {
  const signal = leader.deref('signal');
  signal?.trySet('oom_score_adj', process.oomScoreAdj);
  signal?.trySet('shared_pending.signal', BigInt(process.sharedPending ?? 0));
  signal?.trySet('cutime', process.childUserTime);
  signal?.trySet('cstime', process.childSystemTime);
  signal?.trySet('cmin_flt', process.childMinorFaults);
  signal?.trySet('cmaj_flt', process.childMajorFaults);
  const sighand = leader.deref('sighand');
  for (const ignored of signalsIn(BigInt(process.ignored ?? 0)))
    if (sighand) setAction(sighand, ignored, SIG_IGN);
}

/** Handlers are in the program; where, /proc does not tell: each counts as its first function. */
export function setHandlers(leader: View, process: WorldProcess): void {
  const sighand = leader.deref('sighand');
  const code = leader.deref('mm')?.big('start_code') ?? 0n;
  for (const caught of signalsIn(BigInt(process.caught ?? 0)))
    if (sighand && code !== 0n) setAction(sighand, caught, code);
}
