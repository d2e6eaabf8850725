/** The verifier said what was not so. */
import type { InsnIndex } from '../../../shared/brand.ts';

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly insn: InsnIndex;
  constructor(what: string, insn: InsnIndex) {
    super(what);
    this.insn = insn;
  }
}
