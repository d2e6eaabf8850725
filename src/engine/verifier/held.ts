/**
 * What a path holds: a lock, references, saved interrupt flags, an RCU read section, preemption. Nothing of it may
 * be left where the program is left.
 */
import type { Env } from './env.ts';
import { writeReferenceLeaks } from './refs.ts';

/**
 * @param how what leaves the program, as messages begin
 * @param frames `one`: a function that returns keeps what its caller may end; `all`: every frame is left
 * @kernel check_resource_leak, kernel/bpf/verifier.c
 * @fidelity full: cases.test.ts
 */
export function checkNothingHeld(env: Env, how: string, frames: 'one' | 'all' = 'one', regions = true): void {
  const { state } = env;
  const inside = (what: string): never =>
    env.reject('EINVAL', `${how} cannot be used inside ${what}-ed region`);
  if (regions && state.locks.length > 0) inside('bpf_spin_lock');
  if (writeReferenceLeaks(env, frames === 'all')) env.reject('EINVAL', `${how} would lead to reference leak`);
  if (!regions) return;
  if (state.irqs.length > 0) inside('bpf_local_irq_save');
  if (state.rcuLock) inside('bpf_rcu_read_lock');
  if (state.preemptLock > 0) inside('bpf_preempt_disable');
}
