/**
 * For tests: static linking in miniature. The data of an object is placed in memory, its code becomes one
 * program, and any of its global functions runs with two numbers.
 *
 *     dispatcher: if R3 == k then R1, R2 = the numbers, call function k | .text | other code sections
 */
import { must } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Insn } from '../abi/insn.ts';
import { decodeInsns, INSN_BYTES } from '../abi/insn.ts';
import * as bpf from '../abi/opcode.ts';
import * as elf from '../elf/elf.ts';
import { readElf } from '../elf/read.ts';
import type { Memory } from '../kernel/memory.ts';
import { Code } from '../vm/code.ts';
import type { Processor } from '../vm/processor.ts';
import { runProg } from '../vm/run.ts';

const insn = (code: number, fields: Partial<Insn> = {}): Insn => ({
  code,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
});
const ldImm64 = (dst: number, value: bigint): Insn[] => [
  insn(bpf.BPF_LD | bpf.BPF_DW | bpf.BPF_IMM, { dst, imm: Number(BigInt.asIntN(32, value)) }),
  insn(0, { imm: Number(BigInt.asIntN(32, value >> 32n)) }),
];
const loadDw = (dst: number, off: number): Insn =>
  insn(bpf.BPF_LDX | bpf.BPF_DW | bpf.BPF_MEM, { dst, src: 1, off });
const EXIT = insn(bpf.BPF_JMP | bpf.BPF_EXIT);
/** What programs are tried with. */
const NUMBERS: readonly (readonly [bigint, bigint])[] = [
  [0n, 0n],
  [1n, -1n],
  [0x1_2345_6789n, 77n],
  [-(1n << 63n), 0x8000_0000n],
];
/** Words of the context: the two numbers and the function's index. */
const CTX_BYTES = 24;

export class LinkedObject {
  private readonly processor: Processor;
  private readonly mem: Memory;
  private readonly code: Code;
  private readonly names: readonly string[];
  private readonly ctx: Addr;
  /** Sections of data where they were placed, with what they held before anything ran. */
  private readonly data: { readonly at: Addr; readonly first: Uint8Array }[] = [];

  /** @param names the functions that will be run */
  constructor(processor: Processor, object: Uint8Array, names: readonly string[]) {
    this.processor = processor;
    this.mem = processor.mem;
    this.names = names;
    this.ctx = this.mem.alloc(CTX_BYTES);
    const file = readElf(object);
    const isCode = (flags: number): boolean => (flags & elf.SHF_EXECINSTR) !== 0;
    const start = new Map<number, number>();
    const insns = names.flatMap((_, i) => [
      insn(bpf.BPF_JMP | bpf.BPF_JNE | bpf.BPF_K, { dst: 3, off: 4, imm: i }),
      loadDw(2, 8),
      loadDw(1, 0),
      insn(bpf.BPF_JMP | bpf.BPF_CALL, { src: bpf.BPF_PSEUDO_CALL }),
      EXIT,
    ]);
    insns.unshift(loadDw(3, 16));
    insns.push(EXIT);
    const places = new Map<number, Addr>();
    for (const s of file.sections) {
      if (isCode(s.flags)) {
        start.set(s.index, insns.length);
        insns.push(...decodeInsns(s.data));
      } else if ((s.flags & elf.SHF_ALLOC) !== 0 && s.size > 0) {
        const first = s.type === elf.SHT_NOBITS ? new Uint8Array(s.size) : Uint8Array.from(s.data);
        const at = this.mem.alloc(s.size, 16);
        places.set(s.index, at);
        this.data.push({ at, first });
      }
    }
    for (const s of file.sections)
      for (const { offset, type, symbol: n } of file.relocs(s.index)) {
        const symbol = must(file.symbols[n], 'a symbol');
        const target = places.get(symbol.section);
        const base = start.get(s.index);
        if (base === undefined) {
          const held = this.data.find(({ at }) => at === places.get(s.index));
          if (held && target !== undefined) {
            const view = new DataView(held.first.buffer);
            view.setBigUint64(offset, view.getBigUint64(offset, true) + target + BigInt(symbol.value), true);
          }
          continue;
        }
        const index = base + offset / INSN_BYTES;
        const at = must(insns[index], 'an instruction');
        const callee = start.get(symbol.section);
        if (type === elf.R_BPF_64_32 && callee !== undefined)
          insns[index] = { ...at, imm: callee + symbol.value / INSN_BYTES + at.imm - index };
        else if (target !== undefined)
          insns.splice(index, 2, ...ldImm64(at.dst, target + BigInt(symbol.value + at.imm)));
      }
    for (const [i, name] of names.entries()) {
      const entry = must(
        file.symbols.find((s) => s.name === name),
        name,
      );
      const call = 1 + i * 5 + 3;
      const to = must(start.get(entry.section), name) + entry.value / INSN_BYTES;
      insns[call] = insn(bpf.BPF_JMP | bpf.BPF_CALL, { src: bpf.BPF_PSEUDO_CALL, imm: to - call - 1 });
    }
    this.code = new Code({ insns, linker: { helper: () => null, kfunc: () => null }, base: 0x1000n });
  }

  /** R0 of `name(a, b)` with all data as it was at first, or why it could not go on. */
  run(name: string, a: bigint, b: bigint, fuel = 1_000_000): bigint | 'fuel' | 'fault' | 'stack' {
    for (const { at, first } of this.data) this.mem.setBytes(at, first);
    this.mem.setU64(this.ctx, BigInt.asUintN(64, a));
    this.mem.setU64(this.ctx + 8n, BigInt.asUintN(64, b));
    this.mem.setU64(this.ctx + 16n, BigInt(this.names.indexOf(name)));
    const result = runProg(this.processor, this.code, { ctx: this.ctx, fuel });
    return 'r0' in result ? result.r0 : result.abort;
  }

  /** What `name` returns for several pairs of numbers, as text; null when it does not end. */
  answer(name: string): string | null {
    const values = NUMBERS.map(([a, b]) => this.run(name, a, b));
    if (values.includes('fuel')) return null;
    return values.map((v) => (typeof v === 'bigint' ? v.toString(16) : v)).join(' ');
  }

  /** Gives the memory back. */
  close(): void {
    for (const { at } of this.data) this.mem.release(at);
    this.mem.release(this.ctx);
  }
}
