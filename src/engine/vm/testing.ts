/** For tests: instructions written one per line, and a machine over an empty kernel. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Insn } from '../abi/insn.ts';
import { Btf } from '../btf/parse.ts';
import { Kernel } from '../kernel/kernel.ts';

const recorded = join(import.meta.dirname, '../../../recorded/linux-6.12');
let btf: Btf | null = null;

/** BTF of the recorded kernel, parsed once. */
export const recordedBtf = (): Btf =>
  (btf ??= Btf.parse(gunzipSync(readFileSync(join(recorded, 'kernel/vmlinux.btf.gz')))));

export const emptyKernel = (): Kernel => new Kernel({ release: '6.12', btf: recordedBtf() });

/** An instruction; what is not said is 0. */
export const insn = (code: number, fields: Partial<Insn> = {}): Insn => ({
  code,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
});

/** Both halves of ld_imm64. */
export const ldImm64 = (dst: number, value: bigint, src = 0): Insn[] => [
  insn(0x18, { dst, src, imm: Number(BigInt.asIntN(32, value)) }),
  insn(0, { imm: Number(BigInt.asIntN(32, value >> 32n)) }),
];
