/**
 * Regions with interrupts off: bpf_local_irq_save keeps the flags in a stack slot that only bpf_local_irq_restore
 * takes, the last one saved first.
 *
 * Source: process_irq_flag, acquire_irq_state, release_irq_state, kernel/bpf/verifier.c, Linux 6.14.
 */
import { must } from '../../shared/assert.ts';
import type { Env } from './env.ts';
import { markRegRead } from './live.ts';
import { checkMemAccess } from './mem_access.ts';
import { LIVE_READ64, LIVE_WRITTEN } from './reg.ts';
import { PTR_TO_STACK } from './reg_type.ts';
import { stackPlaceOr } from './stack_object.ts';
import type { StackPlace } from './stack_object.ts';
import { BPF_REG_SIZE, STACK_INVALID, STACK_IRQ_FLAG } from './state.ts';
import type { SavedIrq } from './state.ts';

const SAVES: ReadonlySet<string> = new Set(['bpf_local_irq_save', 'bpf_res_spin_lock_irqsave']);

const holdsFlag = ({ frame, spi }: StackPlace, j: number): boolean => frame.byte(spi, j) === STACK_IRQ_FLAG;
const BYTES = Array.from({ length: BPF_REG_SIZE }, (_, j) => j);

function save(env: Env, regno: number, by: SavedIrq['by']): void {
  const message = `expected uninitialized irq flag as arg#${regno - 1}`;
  const place = stackPlaceOr(env, regno, 'irq_flag', 1, message);
  if (place.inside && BYTES.some((j) => holdsFlag(place, j))) env.reject('EINVAL', message);
  checkMemAccess(env, { regno, off: 0, size: 8, write: true, value: -1, signed: false });
  const { frame, spi } = place;
  const id = env.newId();
  env.state.irqs = [...env.state.irqs, { id, by, insn: env.insnIdx }];
  const slot = frame.slot(spi);
  slot.setPointer(PTR_TO_STACK);
  slot.live |= LIVE_WRITTEN;
  slot.refObjId = id;
  frame.fillSlot(spi, STACK_IRQ_FLAG);
  env.scratched.slot(spi);
}

function restore(env: Env, regno: number, by: SavedIrq['by']): void {
  const message = `expected an initialized irq flag as arg#${regno - 1}`;
  const place = stackPlaceOr(env, regno, 'irq_flag', 1, message);
  if (!place.inside || !BYTES.every((j) => holdsFlag(place, j))) env.reject('EINVAL', message);
  const { frame, spi } = place;
  const slot = frame.slot(spi);
  markRegRead(env, slot, slot.parent, LIVE_READ64);
  const saved = must(
    env.state.irqs.find((irq) => irq.id === slot.refObjId),
    'saved flags of a slot',
  );
  if (saved.by !== by)
    env.reject('EINVAL', `irq flag acquired by ${saved.by} kfuncs cannot be restored with ${by} kfuncs`);
  const last = must(env.state.irqs.at(-1), 'saved flags');
  if (slot.refObjId !== last.id)
    env.reject(
      'EACCES',
      `cannot restore irq state out of order, expected id=${last.id} acquired at insn_idx=${last.insn}`,
    );
  env.state.irqs = env.state.irqs.slice(0, -1);
  slot.setNotInit();
  slot.live |= LIVE_WRITTEN;
  frame.fillSlot(spi, STACK_INVALID);
  env.scratched.slot(spi);
}

/**
 * The flags of bpf_local_irq_save and bpf_local_irq_restore, or of a lock that switches interrupts off.
 *
 * @kernel process_irq_flag, kernel/bpf/verifier.c
 * @fidelity full: cases.test.ts
 */
export function checkIrqFlag(env: Env, name: string, regno: number): void {
  if (env.reg(regno).type !== PTR_TO_STACK)
    env.reject('EINVAL', `arg#${regno - 1} doesn't point to an irq flag on stack`);
  const by = name.startsWith('bpf_local_') ? 'native' : 'lock';
  if (SAVES.has(name)) save(env, regno, by);
  else restore(env, regno, by);
}
