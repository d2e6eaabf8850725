/** The 16 hex digits that stand for a program's instructions, whatever file descriptors they were loaded with. */
import { BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE, LD_IMM64 } from '../abi/opcode.ts';
import { encodeInsns } from '../abi/insn.ts';
import type { Insn } from '../abi/insn.ts';
import { sha1 } from './sha1.ts';

/**
 * @param insns as given to BPF_PROG_LOAD
 * @returns the first 8 bytes of the SHA-1 over the instructions with map references zeroed
 * @kernel bpf_prog_calc_tag, kernel/bpf/core.c
 * @fidelity full: tail_call.test.ts
 */
export function progTag(insns: readonly Insn[]): Uint8Array {
  const fromMap = (insn: Insn | undefined): boolean =>
    insn?.code === LD_IMM64 && (insn.src === BPF_PSEUDO_MAP_FD || insn.src === BPF_PSEUDO_MAP_VALUE);
  const stable = insns.map((insn, i) =>
    fromMap(insn) || fromMap(insns[i - 1]) ? { ...insn, imm: 0 } : insn,
  );
  return sha1(encodeInsns(stable)).subarray(0, 8);
}

export const tagText = (tag: Uint8Array): string =>
  Array.from(tag, (byte) => byte.toString(16).padStart(2, '0')).join('');
