/**
 * Assembles BPF assembly text in the syntax of LLVM and the kernel's logs: `r0 = 4`, `w1 += w2`,
 * `*(u64 *)(r10 - 8) = r1`, `if r1 > 7 goto l`, `call 5`, `l: goto l`. One table of line patterns.
 */
import * as bpf from '../abi/opcode.ts';
import type { AsmLine, AsmReg } from './ir.ts';

type Assembled = { readonly lines: readonly AsmLine[] } | { readonly error: string };
/** A register operand's number, an immediate, or null for an unknown name. */
type Operands = (name: string) => number | bigint | null;

const ALU: Readonly<Record<string, number>> = {
  '+': bpf.BPF_ADD,
  '-': bpf.BPF_SUB,
  '*': bpf.BPF_MUL,
  '/': bpf.BPF_DIV,
  '|': bpf.BPF_OR,
  '&': bpf.BPF_AND,
  '<<': bpf.BPF_LSH,
  '>>': bpf.BPF_RSH,
  's>>': bpf.BPF_ARSH,
  '%': bpf.BPF_MOD,
  '^': bpf.BPF_XOR,
  '': bpf.BPF_MOV,
};
const JUMP: Readonly<Record<string, number>> = {
  '==': bpf.BPF_JEQ,
  '!=': bpf.BPF_JNE,
  '>': bpf.BPF_JGT,
  '>=': bpf.BPF_JGE,
  '<': bpf.BPF_JLT,
  '<=': bpf.BPF_JLE,
  's>': bpf.BPF_JSGT,
  's>=': bpf.BPF_JSGE,
  's<': bpf.BPF_JSLT,
  's<=': bpf.BPF_JSLE,
  '&': bpf.BPF_JSET,
};
const SIZE: Readonly<Record<string, number>> = { 8: bpf.BPF_B, 16: bpf.BPF_H, 32: bpf.BPF_W, 64: bpf.BPF_DW };

const NONE: AsmReg = { reg: 0 };
const REG = String.raw`(%\w?\[?\w+\]?|[rw]\d+)`;
const VALUE = String.raw`([^\s;]+)`;

class Assembler {
  private readonly lines: (AsmLine & { readonly goto: string | null })[] = [];
  private readonly labels = new Map<string, number>();
  private readonly operands: Operands;

  constructor(operands: Operands) {
    this.operands = operands;
  }

  private operand(text: string): number | bigint | null {
    const name = /^%(?:\[(\w+)\]|w?(\d+))$/.exec(text);
    return name ? this.operands(name[1] ?? name[2] ?? '') : null;
  }

  private reg(text: string): AsmReg | null {
    const found = /^[rw](\d+)$/.exec(text);
    if (found) return Number(found[1]) <= 10 ? { reg: Number(found[1]) } : null;
    const operand = this.operand(text);
    return typeof operand === 'number' ? { operand } : null;
  }

  private number(text: string): bigint | null {
    const operand = this.operand(text.replace(/^-(?=%)/, ''));
    if (typeof operand === 'bigint') return text.startsWith('-') ? -operand : operand;
    const found = /^([-+]?)(0x[0-9a-f]+|\d+)(?:ll)?$/i.exec(text);
    if (!found) return null;
    const value = BigInt(found[2]!);
    return found[1] === '-' ? -value : value;
  }

  private put(line: Partial<AsmLine> & { readonly code: number }, goto: string | null = null): true {
    this.lines.push({ dst: NONE, src: NONE, off: 0, imm: 0n, goto, ...line });
    return true;
  }

  /** An operation whose right side is a register or a number. */
  private withRight(code: number, dst: AsmReg | null, right: string, goto: string | null = null): boolean {
    if (!dst) return false;
    const src = this.reg(right);
    if (src) return this.put({ code: code | bpf.BPF_X, dst, src }, goto);
    const imm = this.number(right);
    return imm === null ? false : this.put({ code, dst, imm }, goto);
  }

  private address(
    base: string,
    sign: string | undefined,
    off: string | undefined,
  ): { reg: AsmReg; off: number } | null {
    const reg = this.reg(base);
    const distance = off === undefined ? 0n : this.number(off);
    if (!reg || distance === null) return null;
    return { reg, off: Number(sign === '-' ? -distance : distance) };
  }

  private readonly patterns: readonly (readonly [RegExp, (m: readonly string[]) => boolean])[] = [
    [/^exit$/, () => this.put({ code: bpf.BPF_JMP | bpf.BPF_EXIT })],
    [
      new RegExp(`^call ${VALUE}$`),
      ([, to = '']) => {
        const imm = this.number(to);
        return imm === null ? false : this.put({ code: bpf.BPF_JMP | bpf.BPF_CALL, imm });
      },
    ],
    [/^goto (\S+)$/, ([, to = '']) => this.put({ code: bpf.BPF_JMP | bpf.BPF_JA }, to)],
    [
      new RegExp(`^if ${REG} (==|!=|s?>=|s?<=|s?>|s?<|&) ${VALUE} goto (\\S+)$`),
      ([, left = '', op = '', right = '', to = '']) =>
        this.withRight(
          (left.startsWith('w') || left.startsWith('%w') ? bpf.BPF_JMP32 : bpf.BPF_JMP) | (JUMP[op] ?? 0),
          this.reg(left),
          right,
          to,
        ),
    ],
    [
      new RegExp(String.raw`^${REG} = \*\(u(8|16|32|64) \*\)\(${REG}(?: ?([-+]) ?(\S+))?\)$`),
      ([, to = '', size = '', base = '', sign, off]) => {
        const from = this.address(base, sign, off);
        const dst = this.reg(to);
        if (!from || !dst) return false;
        return this.put({
          code: bpf.BPF_LDX | bpf.BPF_MEM | (SIZE[size] ?? 0),
          dst,
          src: from.reg,
          off: from.off,
        });
      },
    ],
    [
      new RegExp(String.raw`^\*\(u(8|16|32|64) \*\)\(${REG}(?: ?([-+]) ?(\S+))?\) = ${VALUE}$`),
      ([, size = '', base = '', sign, off, value = '']) => {
        const to = this.address(base, sign, off);
        if (!to) return false;
        const bits = bpf.BPF_MEM | (SIZE[size] ?? 0);
        const src = this.reg(value);
        if (src) return this.put({ code: bpf.BPF_STX | bits, dst: to.reg, src, off: to.off });
        const imm = this.number(value);
        return imm === null ? false : this.put({ code: bpf.BPF_ST | bits, dst: to.reg, imm, off: to.off });
      },
    ],
    [
      new RegExp(`^${REG} = ${VALUE} ?ll$`),
      ([, to = '', value = '']) => {
        const dst = this.reg(to);
        const imm = this.number(value);
        return !dst || imm === null ? false : this.put({ code: bpf.LD_IMM64, dst, imm });
      },
    ],
    [
      new RegExp(String.raw`^${REG} = -${REG}$`),
      ([, to = '', from = '']) => {
        const dst = this.reg(to);
        if (!dst || to !== from) return false;
        return this.put({ code: (to.startsWith('w') ? bpf.BPF_ALU : bpf.BPF_ALU64) | bpf.BPF_NEG, dst });
      },
    ],
    [
      new RegExp(String.raw`^${REG} (s?>>|<<|[-+*/|&%^]|)= ${VALUE}$`),
      ([, to = '', op = '', value = '']) =>
        this.withRight(
          (to.startsWith('w') || to.startsWith('%w') ? bpf.BPF_ALU : bpf.BPF_ALU64) | (ALU[op] ?? 0),
          this.reg(to),
          value,
        ),
    ],
  ];

  private line(text: string): boolean {
    const label = /^([\w.]+):\s*(.*)$/.exec(text);
    if (label) {
      this.labels.set(label[1] ?? '', this.slots());
      return label[2] === '' || this.line(label[2] ?? '');
    }
    for (const [pattern, make] of this.patterns) {
      const found = pattern.exec(text);
      if (found) return make(found);
    }
    return false;
  }

  /** Instruction slots so far: ld_imm64 takes two. */
  private slots(end = this.lines.length): number {
    return this.lines.slice(0, end).reduce((sum, line) => sum + (line.code === bpf.LD_IMM64 ? 2 : 1), 0);
  }

  run(text: string): Assembled {
    for (const raw of text.split(/[\n;]/)) {
      const line = raw
        .replace(/#.*|\/\/.*/, '')
        .trim()
        .replace(/\s+/g, ' ');
      if (line !== '' && !this.line(line)) return { error: line };
    }
    const lines: AsmLine[] = [];
    for (const [i, { goto, ...line }] of this.lines.entries()) {
      if (goto === null) {
        lines.push(line);
        continue;
      }
      const known = this.labels.get(goto) ?? this.labels.get(goto.replace(/[bf]$/, ''));
      const off = known === undefined ? this.number(goto) : BigInt(known - this.slots(i) - 1);
      if (off === null) return { error: `goto ${goto}` };
      lines.push({ ...line, off: Number(off) });
    }
    return { lines };
  }
}

/** Instructions for the text, or the first line that is not understood. */
export const assemble = (text: string, operands: Operands): Assembled => new Assembler(operands).run(text);
