/**
 * References: what a program acquired and must give back on every path.
 *
 * Source: acquire_reference_state, release_reference, check_reference_leak, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { InsnIndex } from '../../shared/brand.ts';
import type { Env } from './env.ts';

/** @returns the reference's id */
export function acquireReference(env: Env, insn: InsnIndex): number {
  const id = env.newId();
  const frame = env.cur;
  frame.refs.push({ id, insn, callbackFrame: frame.inCallback ? frame.frameno : 0 });
  return id;
}

/** Ends a reference without touching registers. @returns false when there was none */
export function dropReference(env: Env, id: number): boolean {
  const { refs, inCallback, frameno } = env.cur;
  const at = refs.findIndex((ref) => ref.id === id);
  if (at < 0 || (inCallback && refs[at]?.callbackFrame !== frameno)) return false;
  const last = refs.pop();
  if (last && at < refs.length) refs[at] = last;
  return true;
}

/** Ends a reference; every register that carried it becomes an unknown scalar. */
export function releaseReference(env: Env, id: number): boolean {
  if (!dropReference(env, id)) return false;
  env.state.forEachReg((reg) => {
    if (reg.refObjId === id) reg.setUnknown();
  });
  return true;
}

/** Logs what is still held where the program or a callback ends. @param whole of all frames, not only what this one must give back @returns true when there was something */
export function writeReferenceLeaks(env: Env, whole = false): boolean {
  const frame = env.cur;
  if (!whole && frame.frameno !== 0 && !frame.inCallback) return false;
  const left = frame.refs.filter((ref) => whole || !frame.inCallback || ref.callbackFrame === frame.frameno);
  for (const ref of left) env.write(`Unreleased reference id=${ref.id} alloc_insn=${ref.insn}\n`);
  return left.length > 0;
}
