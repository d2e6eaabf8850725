/**
 * Instructions on memory of an arena: the low half of a register says where, the kernel's own range of the
 * arena is where that is. A page that is not there reads zero and swallows what is stored.
 *
 * Source: BPF_PROBE_MEM32 and BPF_ADDR_SPACE_CAST, arch/x86/net/bpf_jit_comp.c; kernel/bpf/arena.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Insn } from '../abi/insn.ts';
import * as op from '../abi/opcode.ts';
import { makeStep } from './interpreter.ts';
import type { Step, StepSpec } from './interpreter.ts';

/** The arena of a program, and which of its instructions are on it. */
export interface ArenaUse {
  /** Where the low half 0 is in the kernel. */
  readonly kernelStart: Addr;
  /** The address as user space has it; NULL stays NULL. */
  userAddr(addr: Addr): Addr;
  /** Casts to user addresses keep the low half alone. */
  readonly noUserConversion: boolean;
  /** Per instruction: 1 for a load or store, 2 for arithmetic that keeps 32 bits. */
  readonly marks: Uint8Array;
}

const CAST = op.BPF_ALU64 | op.BPF_MOV | op.BPF_X;
const FROM_USER = 1;
const low = (addr: bigint): bigint => BigInt.asUintN(32, addr);

/** The same operation in 32 bits. */
const narrowed = (insn: Insn): Insn => ({ ...insn, code: (insn.code & ~7) | op.BPF_ALU });

/** A load, store or atomic operation by the low half of its address register. */
function access(spec: StepSpec, arena: ArenaUse): Step {
  const { insn, pc } = spec;
  const plain = makeStep(spec);
  const acquires = op.BPF_MODE(insn.code) === op.BPF_ATOMIC && insn.imm === op.BPF_LOAD_ACQ;
  const load = op.BPF_CLASS(insn.code) === op.BPF_LDX || acquires;
  const reg = load ? insn.src : insn.dst;
  const size = op.sizeBytes(insn.code);
  return (m) => {
    const was = m.reg(reg);
    m.setReg(reg, arena.kernelStart + low(was));
    const there = m.at(reg, insn.off, size) >= 0;
    const to = there ? plain(m) : pc + 1;
    if (!there && load) m.setReg(insn.dst, 0n);
    if (!load || insn.dst !== insn.src) m.setReg(reg, was);
    return to;
  };
}

/**
 * The step of an instruction of a program with an arena; null: it is as in any program.
 *
 * @kernel do_misc_fixups, convert_ctx_accesses, kernel/bpf/verifier.c
 * @fidelity full: app/arena.test.ts
 */
export function arenaStep(spec: StepSpec, arena: ArenaUse): Step | null {
  const { insn, pc } = spec;
  const mark = arena.marks[pc];
  if (mark === 1) return access(spec, arena);
  if (mark === 2) return makeStep({ ...spec, insn: narrowed(insn) });
  if (insn.code !== CAST || insn.imm === 0) return null;
  const { dst, src, imm } = insn;
  const keepsLow = imm === FROM_USER || arena.noUserConversion;
  return (m) => {
    const value = m.reg(src);
    m.setReg(dst, keepsLow ? low(value) : arena.userAddr(value));
    return pc + 1;
  };
}
