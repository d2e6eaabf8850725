/**
 * Writes a CO-RE result into its instruction. Which part of the instruction carries the value follows from its
 * class; what cannot be written right becomes a poisoned call.
 *
 * Source: relo_core.c of libbpf.
 */
import { Errno } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { s64, u64 } from '../../shared/int64.ts';
import type { Insn } from '../abi/insn.ts';
import { imm64 } from '../abi/insn.ts';
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_B,
  BPF_CALL,
  BPF_CLASS,
  BPF_DW,
  BPF_H,
  BPF_JMP,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_MODE,
  BPF_SRC,
  BPF_ST,
  BPF_STX,
  BPF_W,
  LD_IMM64,
  sizeBytes,
} from '../abi/opcode.ts';
import type { CorePlace, CoreReloResult } from './relo_core.ts';

/** 0xbad2310: "bad relo". */
export const CORE_POISON = 195896080;

/** A call that no kernel knows: refused if the verifier can reach it. */
export const poisonedCall = (imm: number): Insn => ({
  code: BPF_JMP | BPF_CALL,
  dst: 0,
  src: 0,
  off: 0,
  imm,
});

const SIZE_CODE: Readonly<Record<number, number>> = { 1: BPF_B, 2: BPF_H, 4: BPF_W, 8: BPF_DW };

/** The low 32 bits as s32. */
const low32 = (value: bigint): number => Number(BigInt.asIntN(32, value));

/**
 * Patches `insns[place.insn]`, in place.
 *
 * @returns 0, -EINVAL when the instruction is not what the record says, -ERANGE when the value does not fit
 * @kernel bpf_core_patch_insn, relo_core.c
 * @fidelity full: relo_core.test.ts
 */
export function patchInsn(
  insns: Insn[],
  place: CorePlace,
  result: CoreReloResult,
  sayText: (message: string) => void,
): NegErrno {
  const at = place.insn;
  const insn = insns[at];
  const high = insns[at + 1];
  if (!insn) return -Errno.EINVAL;
  const say = (text: string): void => sayText(`prog '${place.prog}': relo #${place.relo}: ${text}`);
  const poison = (): 0 => {
    insns[at] = poisonedCall(CORE_POISON);
    if (insn.code === LD_IMM64) insns[at + 1] = poisonedCall(CORE_POISON);
    return 0;
  };
  const unexpected = (what: string, got: bigint | number): NegErrno => {
    say(`unexpected insn #${at} (${what}) value: got ${got}, exp ${result.orig} -> ${result.next}`);
    return -Errno.EINVAL;
  };
  if (result.poison) return poison();
  switch (BPF_CLASS(insn.code)) {
    case BPF_ALU:
    case BPF_ALU64:
      if (BPF_SRC(insn.code) !== BPF_K) return -Errno.EINVAL;
      if (result.validate && u64(BigInt(insn.imm)) !== result.orig)
        return unexpected('ALU/ALU64', insn.imm >>> 0);
      insns[at] = { ...insn, imm: low32(result.next) };
      return 0;
    case BPF_LDX:
    case BPF_ST:
    case BPF_STX: {
      const what = `insn #${at} (LDX/ST/STX)`;
      if (result.validate && u64(BigInt(insn.off)) !== result.orig)
        return unexpected('LDX/ST/STX', insn.off >>> 0);
      if (result.next > 0x7fffn) {
        say(`${what} value too big: ${result.next}`);
        return -Errno.ERANGE;
      }
      if (result.failMemsz) {
        say(
          `${what} accesses field incorrectly. Make sure you are accessing pointers, unsigned integers, or fields of matching type and size.`,
        );
        return poison();
      }
      let code = insn.code;
      if (result.origSize !== result.nextSize) {
        if (sizeBytes(code) !== result.origSize) {
          say(`${what} unexpected mem size: got ${sizeBytes(code)}, exp ${result.origSize}`);
          return -Errno.EINVAL;
        }
        const size = SIZE_CODE[result.nextSize];
        if (size === undefined) {
          say(`${what} invalid new mem size: ${result.nextSize}`);
          return -Errno.EINVAL;
        }
        code = BPF_MODE(code) | size | BPF_CLASS(code);
      }
      insns[at] = { ...insn, code, off: Number(s64(result.next)) };
      return 0;
    }
    case BPF_LD:
      if (
        insn.code !== LD_IMM64 ||
        insn.src !== 0 ||
        insn.off !== 0 ||
        high?.code !== 0 ||
        high.dst !== 0 ||
        high.src !== 0 ||
        high.off !== 0
      ) {
        say(`insn #${at} (LDIMM64) has unexpected form`);
        return -Errno.EINVAL;
      }
      if (result.validate && imm64(insn, high) !== result.orig)
        return unexpected('LDIMM64', imm64(insn, high));
      insns[at] = { ...insn, imm: low32(result.next) };
      insns[at + 1] = { ...high, imm: low32(result.next >> 32n) };
      return 0;
    default: {
      const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
      say(
        `trying to relocate unrecognized insn #${at}, code:${hex(insn.code)}, src:${hex(insn.src)}, dst:${hex(insn.dst)}, off:${hex(insn.off)}, imm:${hex(insn.imm)}`,
      );
      return -Errno.EINVAL;
    }
  }
}
