/**
 * A program ready to run: instructions with every address resolved, and one step per instruction.
 *
 * ld_imm64 carries the final address (src 0), a helper call its number, a kfunc call the BTF id of its
 * function. Steps are made once, when the code is made.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr, InsnIndex } from '../../shared/brand.ts';
import type { Insn } from '../abi/insn.ts';
import { INSN_BYTES } from '../abi/insn.ts';
import { arenaStep } from './arena.ts';
import type { ArenaUse } from './arena.ts';
import { makeStep } from './interpreter.ts';
import type { Step } from './interpreter.ts';
import type { Helper } from './helper.ts';

/** Who answers a call instruction. Null: nobody, the program must not be loaded. */
export interface Linker {
  helper(number: number): Helper | null;
  /** @param id BTF id of the FUNC; @param off index of the module's BTF, 0 for the kernel */
  kfunc(id: number, off: number): Helper | null;
}

export interface CodeSpec {
  readonly insns: readonly Insn[];
  /** One flag per instruction: 1 where a load that faults gives 0. */
  readonly probeMem?: Uint8Array;
  /** The function that makes the result when bpf_throw leaves the program; absent: the cookie is the result. */
  readonly exceptionCallback?: InsnIndex;
  /** Absent: the program uses no arena. */
  readonly arena?: ArenaUse;
  readonly linker: Linker;
  /** Where instruction 0 stands in kernel memory: function addresses count from here. */
  readonly base: Addr;
}

export class Code {
  readonly insns: readonly Insn[];
  readonly base: Addr;
  readonly steps: readonly Step[];
  readonly exceptionCallback: InsnIndex | null;

  constructor({ insns, probeMem, exceptionCallback, arena, linker, base }: CodeSpec) {
    this.insns = insns;
    this.exceptionCallback = exceptionCallback ?? null;
    this.base = base;
    this.steps = insns.map((insn, pc) => {
      const spec = { insn, next: insns[pc + 1], pc, probe: probeMem?.[pc] === 1, linker };
      return (arena && arenaStep(spec, arena)) ?? makeStep(spec);
    });
  }

  addressOf(pc: InsnIndex): Addr {
    return this.base + BigInt(pc * INSN_BYTES);
  }

  /** The instruction at an address of this code. */
  indexOf(fn: Addr): InsnIndex {
    const pc = Number(fn - this.base) / INSN_BYTES;
    if (!Number.isInteger(pc) || pc < 0 || pc >= this.insns.length)
      throw new EngineBug(`callback to 0x${fn.toString(16)}, which is not in the running program`);
    return pc;
  }
}
