/**
 * Which source line each instruction comes from, as records for .BTF.ext: one where the place changes,
 * and always one at a function's first instruction, which the kernel insists on.
 */
import { INSN_BYTES } from '../abi/insn.ts';
import type { LineInfo } from '../btf/ext.ts';
import type { BtfEmitter } from './btf_emit.ts';
import type { EmittedFunction } from './emit.ts';
import type { Loc, Sources } from './source.ts';

const MAX_LINE = (1 << 22) - 1;
const MAX_COLUMN = (1 << 10) - 1;

/** @param start index of the function's first instruction in its section */
export function lineInfoOf(
  fn: EmittedFunction,
  start: number,
  btf: BtfEmitter,
  sources: Sources,
): LineInfo[] {
  const out: LineInfo[] = [];
  let last = '';
  const add = (insn: number, loc: Loc): void => {
    const at = sources.position(loc);
    const name = `${at.file}:${at.line}:${at.column}`;
    if (name === last) return;
    last = name;
    out.push({
      insnOff: (start + insn) * INSN_BYTES,
      fileNameOff: btf.string(at.file),
      lineOff: btf.string(sources.lineText(loc)),
      line: Math.min(at.line, MAX_LINE),
      column: Math.min(at.column, MAX_COLUMN),
    });
  };
  fn.locs.forEach((loc, insn) => {
    // The second half of ld_imm64 is no instruction.
    if (fn.insns[insn]?.code === 0 && insn > 0) return;
    if (loc !== 0 || insn === 0) add(insn, loc || fn.loc);
  });
  return out;
}
