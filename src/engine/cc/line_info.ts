/**
 * Which source line each instruction comes from, as records for .BTF.ext: one where the place changes,
 * and always one at a function's first instruction, which the kernel insists on.
 */
import { INSN_BYTES } from '../abi/insn.ts';
import type { LineInfo } from '../btf/ext.ts';
import type { BtfEmitter } from './btf_emit.ts';
import type { EmittedFunction } from './emit.ts';
import type { Loc, Position, Sources } from './source.ts';

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
  let lastLoc: Loc = -1;
  let last: Position | null = null;
  const add = (insn: number, loc: Loc): void => {
    if (loc === lastLoc) return;
    lastLoc = loc;
    const at = sources.position(loc);
    const { file, line, column } = at;
    const onLine = last?.line === line && last.file === file ? out.at(-1) : undefined;
    if (onLine && last?.column === column) return;
    last = at;
    out.push({
      insnOff: (start + insn) * INSN_BYTES,
      fileNameOff: onLine?.fileNameOff ?? btf.string(file),
      lineOff: onLine?.lineOff ?? btf.string(sources.lineText(loc)),
      line: Math.min(line, MAX_LINE),
      column: Math.min(column, MAX_COLUMN),
    });
  };
  fn.locs.forEach((loc, insn) => {
    // The second half of ld_imm64 is no instruction.
    if (fn.insns[insn]?.code === 0 && insn > 0) return;
    if (loc !== 0 || insn === 0) add(insn, loc || fn.loc);
  });
  return out;
}
