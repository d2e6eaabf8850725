/**
 * A moment: a place in a run that does not depend on what was recorded.
 *
 * `call` numbers the callbacks of a session (start, next, show, stop, copy) from 0, over all its reads;
 * `insn` numbers the instructions that the program retired inside that call, from 0.
 */
export interface Moment {
  readonly session: number;
  readonly read: number;
  readonly call: number;
  readonly insn?: number;
}

/** `1/0/17` or `1/0/17/5`: session, read, call and instruction. */
export const formatMoment = (m: Moment): string =>
  [m.session, m.read, m.call, ...(m.insn === undefined ? [] : [m.insn])].join('/');

/** The inverse of formatMoment, or null. */
export function parseMoment(text: string): Moment | null {
  const parts = /^(\d{1,9})\/(\d{1,9})\/(\d{1,9})(?:\/(\d{1,9}))?$/.exec(text);
  if (!parts) return null;
  const [session = 0, read = 0, call = 0, insn] = parts
    .slice(1)
    .map((p) => (p === undefined ? undefined : Number(p)));
  return { session, read, call, ...(insn === undefined ? {} : { insn }) };
}
