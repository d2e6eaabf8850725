/** Source lines of the instructions of an object, out of its .BTF.ext. */
import type { InsnIndex } from '../../shared/brand.ts';
import { INSN_BYTES } from '../abi/insn.ts';
import { readBtfExt } from '../btf/ext.ts';
import { Btf } from '../btf/parse.ts';
import type { ElfFile } from '../elf/read.ts';
import type { SourceLine } from './image.ts';

/** From this instruction on. */
export interface LineRow extends SourceLine {
  readonly pc: InsnIndex;
}

/** @param start where the section's first instruction stands in the image */
export function linesOf(file: ElfFile, section: string, start: InsnIndex): LineRow[] {
  const types = file.section('.BTF')?.data;
  const ext = file.section('.BTF.ext')?.data;
  if (!types || !ext) return [];
  const btf = Btf.parse(types);
  const own = readBtfExt(ext).find((part) => btf.string(part.secNameOff) === section);
  return (own?.lineInfo ?? []).map((row) => ({
    pc: start + row.insnOff / INSN_BYTES,
    file: btf.string(row.fileNameOff),
    line: row.line,
    column: row.column,
    text: btf.string(row.lineOff),
  }));
}
