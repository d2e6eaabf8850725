/**
 * The peer of the interpreter: BPF as one would write it down first. Registers are bigints, one switch over
 * the opcode's parts, one instruction after the other. It shares the kernel and the helpers with the engine
 * and nothing else, so that both can run the same program and must leave the same bytes.
 */
import type { Insn } from '../src/engine/abi/insn.ts';
import { imm64 } from '../src/engine/abi/insn.ts';
import * as op from '../src/engine/abi/opcode.ts';
import type { Kernel } from '../src/engine/kernel/kernel.ts';
import { Fault } from '../src/engine/kernel/memory.ts';
import type { Linker } from '../src/engine/vm/code.ts';
import type { ArgNumber, Call } from '../src/engine/vm/helper.ts';
import { must } from '../src/shared/assert.ts';
import type { Addr } from '../src/shared/brand.ts';

const STACK_BYTES = 512;
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

export class BigIntPeer implements Call {
  readonly kernel: Kernel;
  readonly cpu = 0;
  /** Instructions executed since it was made. */
  retired = 0;
  private readonly linker: Linker;
  private readonly regs: bigint[] = Array.from({ length: 11 }, () => 0n);
  private readonly stack: Addr;

  constructor(kernel: Kernel, linker: Linker) {
    this.kernel = kernel;
    this.linker = linker;
    this.stack = kernel.allocBytes(STACK_BYTES);
  }

  get mem() {
    return this.kernel.mem;
  }
  get current(): Addr {
    return this.kernel.current;
  }
  now(): bigint {
    return this.kernel.now;
  }
  arg(n: ArgNumber): bigint {
    return this.reg(n);
  }
  u32(n: ArgNumber): number {
    return Number(BigInt.asUintN(32, this.reg(n)));
  }
  s32(n: ArgNumber): number {
    return Number(BigInt.asIntN(32, this.reg(n)));
  }
  get code(): never {
    throw new Error('the peer runs instructions, not a loaded program');
  }
  here(): Addr {
    throw new Error('the peer has no addresses of instructions');
  }
  callback(): bigint {
    throw new Error('the peer has no callbacks');
  }
  tailCall(): boolean {
    return false;
  }

  private reg(n: number): bigint {
    return this.regs[n] ?? 0n;
  }

  /** @returns R0 */
  run(insns: readonly Insn[], ctx: Addr): bigint {
    const { regs } = this;
    regs[1] = ctx;
    regs[10] = this.stack + BigInt(STACK_BYTES);
    for (let pc = 0; ; pc++) {
      const insn = must(insns[pc], `instruction ${pc}`);
      this.retired++;
      switch (op.BPF_CLASS(insn.code)) {
        case op.BPF_ALU64:
          regs[insn.dst] = u64(this.alu(insn, 64));
          break;
        case op.BPF_ALU:
          regs[insn.dst] = BigInt.asUintN(32, this.alu(insn, 32));
          break;
        case op.BPF_LD:
          regs[insn.dst] = imm64(insn, must(insns[pc + 1], 'second half'));
          pc++;
          break;
        case op.BPF_LDX:
          regs[insn.dst] = this.load(insn);
          break;
        case op.BPF_ST:
          this.store(insn, BigInt(insn.imm));
          break;
        case op.BPF_STX:
          this.store(insn, this.reg(insn.src));
          break;
        default:
          if (op.BPF_OP(insn.code) === op.BPF_EXIT) return this.reg(0);
          if (op.BPF_OP(insn.code) === op.BPF_CALL) this.call(insn);
          else if (this.taken(insn)) pc += insn.off;
      }
    }
  }

  private operand(insn: Insn): bigint {
    return op.BPF_SRC(insn.code) === op.BPF_X ? this.reg(insn.src) : BigInt(insn.imm);
  }

  private alu(insn: Insn, width: 32 | 64): bigint {
    const a = BigInt.asUintN(width, this.reg(insn.dst));
    const b = BigInt.asUintN(width, this.operand(insn));
    const shift = b & BigInt(width - 1);
    switch (op.BPF_OP(insn.code)) {
      case op.BPF_MOV:
        return insn.off === 0 ? b : BigInt.asIntN(insn.off, b);
      case op.BPF_ADD:
        return a + b;
      case op.BPF_SUB:
        return a - b;
      case op.BPF_MUL:
        return a * b;
      case op.BPF_AND:
        return a & b;
      case op.BPF_OR:
        return a | b;
      case op.BPF_XOR:
        return a ^ b;
      case op.BPF_LSH:
        return a << shift;
      case op.BPF_RSH:
        return a >> shift;
      case op.BPF_ARSH:
        return BigInt.asIntN(width, a) >> shift;
      case op.BPF_NEG:
        return -a;
      default:
        throw new Error(`the peer has no ALU operation 0x${insn.code.toString(16)}`);
    }
  }

  private taken(insn: Insn): boolean {
    const width = op.BPF_CLASS(insn.code) === op.BPF_JMP ? 64 : 32;
    const a = BigInt.asUintN(width, this.reg(insn.dst));
    const b = BigInt.asUintN(width, this.operand(insn));
    const [signedA, signedB] = [BigInt.asIntN(width, a), BigInt.asIntN(width, b)];
    switch (op.BPF_OP(insn.code)) {
      case op.BPF_JA:
        return true;
      case op.BPF_JEQ:
        return a === b;
      case op.BPF_JNE:
        return a !== b;
      case op.BPF_JGT:
        return a > b;
      case op.BPF_JGE:
        return a >= b;
      case op.BPF_JLT:
        return a < b;
      case op.BPF_JLE:
        return a <= b;
      case op.BPF_JSGT:
        return signedA > signedB;
      case op.BPF_JSGE:
        return signedA >= signedB;
      case op.BPF_JSLT:
        return signedA < signedB;
      case op.BPF_JSLE:
        return signedA <= signedB;
      case op.BPF_JSET:
        return (a & b) !== 0n;
      default:
        throw new Error(`the peer has no jump 0x${insn.code.toString(16)}`);
    }
  }

  /** A load that faults gives 0: the programs here read only what BTF describes. */
  private load(insn: Insn): bigint {
    const size = op.sizeBytes(insn.code);
    try {
      const value = this.mem.load(u64(this.reg(insn.src) + BigInt(insn.off)), size);
      return op.BPF_MODE(insn.code) === op.BPF_MEMSX ? u64(BigInt.asIntN(size * 8, value)) : value;
    } catch (error) {
      if (error instanceof Fault) return 0n;
      throw error;
    }
  }

  private store(insn: Insn, value: bigint): void {
    if (op.BPF_MODE(insn.code) !== op.BPF_MEM) throw new Error('the peer has no atomics');
    this.mem.store(u64(this.reg(insn.dst) + BigInt(insn.off)), op.sizeBytes(insn.code), value);
  }

  private call(insn: Insn): void {
    if (insn.src !== 0) throw new Error('the peer calls helpers only');
    const helper = must(this.linker.helper(insn.imm), `helper ${insn.imm}`);
    this.regs[0] = u64(BigInt(helper(this)));
  }
}
