/**
 * Assembles BPF assembly text in the syntax of LLVM and the kernel's logs: `r0 = 4`, `w1 += w2`,
 * `*(u64 *)(r10 - 8) = r1`, `if r1 > 7 goto l`, `call 5`, `l: goto l`. A statement is read as tokens, whatever
 * the spacing, and looked up in one table of line patterns.
 *
 * Operands are in the text already, as tokens that no program can write: `@0` is the register of operand 0, `@w0`
 * its lower half, `@s0` a symbol, `@l0` a label of asm goto.
 */
import * as bpf from '../abi/opcode.ts';
import { expandAsm } from './asm_macro.ts';
import { asmNumber } from './asm_number.ts';
import type { AsmLine, AsmReg, AsmSymbol } from './ir.ts';

export type Assembled = { readonly lines: readonly AsmLine[] } | { readonly error: string };
/** What `@s0` stands for, or what a name in the text means; null: nothing. */
export type AsmSymbols = (name: string) => AsmSymbol | null;

const ALU: Readonly<Record<string, readonly [code: number, off: number]>> = {
  '+=': [bpf.BPF_ADD, 0],
  '-=': [bpf.BPF_SUB, 0],
  '*=': [bpf.BPF_MUL, 0],
  '/=': [bpf.BPF_DIV, 0],
  's/=': [bpf.BPF_DIV, 1],
  '|=': [bpf.BPF_OR, 0],
  '&=': [bpf.BPF_AND, 0],
  '<<=': [bpf.BPF_LSH, 0],
  '>>=': [bpf.BPF_RSH, 0],
  's>>=': [bpf.BPF_ARSH, 0],
  '%=': [bpf.BPF_MOD, 0],
  's%=': [bpf.BPF_MOD, 1],
  '^=': [bpf.BPF_XOR, 0],
  '=': [bpf.BPF_MOV, 0],
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
const SIZE: Readonly<Record<string, number>> = {
  '8': bpf.BPF_B,
  '16': bpf.BPF_H,
  '32': bpf.BPF_W,
  '64': bpf.BPF_DW,
};
const ATOMIC: Readonly<Record<string, number>> = {
  add: bpf.BPF_ADD,
  or: bpf.BPF_OR,
  and: bpf.BPF_AND,
  xor: bpf.BPF_XOR,
  '+=': bpf.BPF_ADD,
  '|=': bpf.BPF_OR,
  '&=': bpf.BPF_AND,
  '^=': bpf.BPF_XOR,
};
/** `may_goto` and `gotol` are jumps of their own kinds. */
const GOTO: Readonly<Record<string, number>> = {
  goto: bpf.BPF_JMP | bpf.BPF_JA,
  gotol: bpf.BPF_JMP32 | bpf.BPF_JA,
  may_goto: bpf.BPF_JMP | bpf.BPF_JCOND,
};
const DATA_BYTES: Readonly<Record<string, number>> = {
  '.byte': 1,
  '.2byte': 2,
  '.short': 2,
  '.4byte': 4,
  '.long': 4,
  '.8byte': 8,
  '.quad': 8,
};

const TOKEN =
  /\s+|@[wsl]?\d+|s(?:>>=|>=|<=|\/=|%=|>|<)|[A-Za-z_.$][\w.$]*|\d\w*|>>=|<<=|[-+*/|&%^=!<>]=|<<|>>|./gu;

const NONE: AsmReg = { reg: 0 };
const R = String.raw`(@w?\d+|[rw]\d+)`;
/** An address: a register and a distance. */
const AT = String.raw`\( ${R}((?: [-+] .+)?) \)`;
const SIZED = (sign: string): string => String.raw`\( ${sign}(8|16|32|64) \* \)`;

type Groups = readonly string[];
interface Pending extends AsmLine {
  readonly goto: string | null;
}

const isNarrow = (reg: string): boolean => reg.startsWith('w') || reg.startsWith('@w');

class Assembler {
  private readonly lines: Pending[] = [];
  private readonly labels: { readonly name: string; readonly at: number }[] = [];
  private readonly symbols: AsmSymbols;
  private data: number[] = [];
  /** Where the instruction that data makes goes to. */
  private dataGoto: string | null = null;

  constructor(symbols: AsmSymbols) {
    this.symbols = symbols;
  }

  private reg(text: string): AsmReg | null {
    const [, name, number] = /^(@w?|[rw])(\d+)$/.exec(text) ?? [];
    if (name === undefined) return null;
    if (name.startsWith('@')) return { operand: Number(number) };
    return Number(number) <= 10 ? { reg: Number(number) } : null;
  }

  private put(line: Partial<AsmLine> & { readonly code: number }, goto: string | null = null): true {
    const empty = { dst: NONE, src: NONE, off: 0, imm: 0n, symbol: null, target: null };
    this.lines.push({ ...empty, goto, ...line });
    return true;
  }

  /** An operation whose right side is a register or a number. */
  private withRight(
    code: number,
    to: string,
    right: string,
    more: Partial<AsmLine> = {},
    goto: string | null = null,
  ): boolean {
    const dst = this.reg(to);
    if (!dst) return false;
    const src = this.reg(right);
    if (src) return this.put({ code: code | bpf.BPF_X, dst, src, ...more }, goto);
    const imm = asmNumber(right);
    return imm !== null && this.put({ code, dst, imm, ...more }, goto);
  }

  /** Instruction on memory at `base` + `distance`. */
  private access(
    code: number,
    size: string,
    base: string,
    distance: string,
    more: Partial<AsmLine>,
  ): boolean {
    const at = this.reg(base);
    const off = distance === '' ? 0n : asmNumber(distance);
    if (!at || off === null) return false;
    const load = bpf.BPF_CLASS(code) === bpf.BPF_LDX;
    return this.put({ code: code | SIZE[size]!, [load ? 'src' : 'dst']: at, off: Number(off), ...more });
  }

  private atomic(op: number, size: string, base: string, distance: string, src: string): boolean {
    const value = this.reg(src);
    const code = bpf.BPF_STX | bpf.BPF_ATOMIC;
    return value !== null && this.access(code, size, base, distance, { src: value, imm: BigInt(op) });
  }

  private store(size: string, base: string, distance: string, value: string): boolean {
    const src = this.reg(value);
    if (src) return this.access(bpf.BPF_STX | bpf.BPF_MEM, size, base, distance, { src });
    const imm = asmNumber(value);
    return imm !== null && this.access(bpf.BPF_ST | bpf.BPF_MEM, size, base, distance, { imm });
  }

  private load(mode: number, to: string, size: string, base: string, distance: string): boolean {
    const dst = this.reg(to);
    return dst !== null && this.access(bpf.BPF_LDX | mode, size, base, distance, { dst });
  }

  private call(to: string): boolean {
    const code = bpf.BPF_JMP | bpf.BPF_CALL;
    const imm = asmNumber(to);
    if (imm !== null) return this.put({ code, imm });
    const symbol = this.symbols(to);
    return symbol !== null && this.put({ code, symbol, src: { reg: bpf.BPF_PSEUDO_CALL }, imm: -1n });
  }

  private wide(to: string, value: string): boolean {
    const dst = this.reg(to);
    if (!dst) return false;
    const imm = asmNumber(value);
    if (imm !== null) return this.put({ code: bpf.LD_IMM64, dst, imm });
    const symbol = this.symbols(value);
    return symbol !== null && this.put({ code: bpf.LD_IMM64, dst, symbol, imm: BigInt(symbol.off) });
  }

  /** A byte swap, or the cut to so many bits that little-endian machines make of `le`. */
  private swap(to: string, kind: string, bits: string, from: string): boolean {
    const dst = this.reg(to);
    const code = { be: bpf.BPF_ALU | bpf.BPF_TO_BE, le: bpf.BPF_ALU, bswap: bpf.BPF_ALU64 }[kind];
    if (!dst || to !== from || code === undefined) return false;
    return this.put({ code: code | bpf.BPF_END, dst, imm: BigInt(bits) });
  }

  /** A move with an offset that says what kind of move: sign extension, or a cast between address spaces. */
  private moveAs(to: string, from: string, off: number, imm: bigint): boolean {
    const cls = isNarrow(to) ? bpf.BPF_ALU : bpf.BPF_ALU64;
    return this.reg(from) !== null && this.withRight(cls | bpf.BPF_MOV, to, from, { off, imm });
  }

  /** Data among the code is instructions: eight bytes make one. */
  private putData(size: number, values: string): boolean {
    for (const text of values.split(' , ')) {
      const value = this.offsetOf(text) ?? asmNumber(text);
      if (value === null) return false;
      for (let i = 0; i < size; i++) this.data.push(Number((value >> BigInt(8 * i)) & 0xffn));
    }
    while (this.data.length >= 8) {
      const [code, regs, ...rest] = this.data.splice(0, 8) as [number, number, ...number[]];
      const view = new DataView(Uint8Array.from(rest).buffer);
      const line = {
        code,
        dst: { reg: regs & 15 },
        src: { reg: regs >> 4 },
        off: view.getInt16(0, true),
        imm: BigInt(view.getInt32(2, true)),
      };
      this.put(line, this.dataGoto);
      this.dataGoto = null;
    }
    return true;
  }

  /** `((%l[label] - 1b - 8) / 8) & 0xffff` where a jump has its offset, whose label is known later: 0 for now. */
  private offsetOf(text: string): bigint | null {
    const [, to, from] = /^\( \( (@l\d+) - (\d+)b - 8 \) \/ 8 \) & 0xffff$/.exec(text) ?? [];
    if (to === undefined || this.data.length !== 2) return null;
    const here = this.labels.findLast(({ name }) => name === from);
    if (here?.at !== this.slots()) return null;
    this.dataGoto = to;
    return 0n;
  }

  private readonly patterns: readonly (readonly [pattern: string, make: (m: Groups) => boolean])[] = [
    ['exit', () => this.put({ code: bpf.BPF_JMP | bpf.BPF_EXIT })],
    [`callx ${R}`, ([, to = '']) => this.withRight(bpf.BPF_JMP | bpf.BPF_CALL, to, to, { src: NONE })],
    [`call (.+)`, ([, to = '']) => this.call(to)],
    [`(goto|gotol|may_goto) (.+)`, ([, kind = '', to = '']) => this.put({ code: GOTO[kind] ?? 0 }, to)],
    [
      `if ${R} (==|!=|s?>=|s?<=|s?>|s?<|&) (.+) goto (.+)`,
      ([, left = '', op = '', right = '', to = '']) =>
        this.withRight((isNarrow(left) ? bpf.BPF_JMP32 : bpf.BPF_JMP) | JUMP[op]!, left, right, {}, to),
    ],
    [
      String.raw`${R} = \* ${SIZED('([us])')} ${AT}`,
      ([, to = '', sign = '', size = '', base = '', off = '']) =>
        this.load(sign === 's' ? bpf.BPF_MEMSX : bpf.BPF_MEM, to, size, base, off),
    ],
    [
      String.raw`\* ${SIZED('u')} ${AT} = (.+)`,
      ([, size = '', base = '', off = '', value = '']) => this.store(size, base, off, value),
    ],
    [
      String.raw`lock \* ${SIZED('u')} ${AT} ([-+|&^]=) ${R}`,
      ([, size = '', base = '', off = '', op = '', src = '']) =>
        op in ATOMIC && this.atomic(ATOMIC[op]!, size, base, off, src),
    ],
    [
      String.raw`${R} = atomic_fetch_(add|or|and|xor) \( ${SIZED('u')} ${AT} , ${R} \)`,
      ([, to = '', op = '', size = '', base = '', off = '', src = '']) =>
        to === src && this.atomic(ATOMIC[op]! | bpf.BPF_FETCH, size, base, off, src),
    ],
    [
      String.raw`${R} = xchg(?:_|32_)(32|64) ${AT.replace(/ \\\)$/, '')} , ${R} \)`,
      ([, to = '', size = '', base = '', off = '', src = '']) =>
        to === src && this.atomic(bpf.BPF_XCHG, size, base, off, src),
    ],
    [
      String.raw`[rw]0 = cmpxchg(?:_|32_)(32|64) ${AT.replace(/ \\\)$/, '')} , [rw]0 , ${R} \)`,
      ([, size = '', base = '', off = '', src = '']) => this.atomic(bpf.BPF_CMPXCHG, size, base, off, src),
    ],
    [
      String.raw`${R} = load_acquire \( ${SIZED('u')} ${AT} \)`,
      ([, to = '', size = '', base = '', off = '']) => {
        const dst = this.reg(to);
        const src = this.reg(base);
        const code = bpf.BPF_STX | bpf.BPF_ATOMIC;
        return (
          dst !== null &&
          src !== null &&
          this.access(code, size, base, off, { dst, src, imm: BigInt(bpf.BPF_LOAD_ACQ) })
        );
      },
    ],
    [
      String.raw`store_release \( ${SIZED('u')} ${AT} , ${R} \)`,
      ([, size = '', base = '', off = '', src = '']) => this.atomic(bpf.BPF_STORE_REL, size, base, off, src),
    ],
    [
      String.raw`${R} = addr_space_cast \( ${R} , (\d+) , (\d+) \)`,
      ([, to = '', from = '', dst = '', src = '']) =>
        this.moveAs(to, from, 1, (BigInt(dst) << 16n) | BigInt(src)),
    ],
    [
      String.raw`r0 = \* ${SIZED('u')} skb \[ (.+) \]`,
      ([, size = '', at = '']) => {
        const src = this.reg(at);
        const imm = asmNumber(at);
        if (src) return this.put({ code: bpf.BPF_LD | bpf.BPF_IND | SIZE[size]!, src });
        return imm !== null && this.put({ code: bpf.BPF_LD | bpf.BPF_ABS | SIZE[size]!, imm });
      },
    ],
    [
      `${R} = (be|le|bswap)(16|32|64) ${R}`,
      ([, to = '', kind = '', bits = '', from = '']) => this.swap(to, kind, bits, from),
    ],
    [
      String.raw`${R} = \( s(8|16|32) \) ${R}`,
      ([, to = '', bits = '', from = '']) => this.moveAs(to, from, Number(bits), 0n),
    ],
    [
      `${R} = - ${R}`,
      ([, to = '', from = '']) => {
        const dst = this.reg(to);
        const code = (isNarrow(to) ? bpf.BPF_ALU : bpf.BPF_ALU64) | bpf.BPF_NEG;
        return dst !== null && to === from && this.put({ code, dst });
      },
    ],
    [`${R} = (.+?) ?ll`, ([, to = '', value = '']) => this.wide(to, value)],
    [
      String.raw`${R} (s?(?:>>|/|%)=|<<=|[-+*|&^]?=) (.+)`,
      ([, to = '', op = '', value = '']) => {
        const [code, off] = ALU[op] ?? [0, 0];
        return this.withRight((isNarrow(to) ? bpf.BPF_ALU : bpf.BPF_ALU64) | code, to, value, { off });
      },
    ],
    [
      String.raw`(\.\w+) (.+)`,
      ([, kind = '', values = '']) => kind in DATA_BYTES && this.putData(DATA_BYTES[kind]!, values),
    ],
  ];
  private readonly table = this.patterns.map(([text, make]) => [new RegExp(`^${text}$`), make] as const);

  /** One statement in tokens with a space between any two. */
  private statement(text: string): boolean {
    const [, label, rest = ''] = /^([\w.$]+) :\s?(.*)$/.exec(text) ?? [];
    if (label !== undefined) {
      this.labels.push({ name: label, at: this.slots() });
      return rest === '' || this.statement(rest);
    }
    return this.table.some(([pattern, make]) => {
      const found = pattern.exec(text);
      return found !== null && make(found);
    });
  }

  /** Instruction slots so far: ld_imm64 takes two. */
  private slots(end = this.lines.length): number {
    return this.lines.slice(0, end).reduce((sum, line) => sum + (line.code === bpf.LD_IMM64 ? 2 : 1), 0);
  }

  /** Where a jump in slot `from` leads: a name, `1f` or `1b`, or a distance. Null: nowhere. */
  private distance(to: string, from: number): bigint | null {
    const [, number, way] = /^(\d+)([fb])$/.exec(to) ?? [];
    const named = this.labels.filter(({ name }) => name === (number ?? to));
    const found =
      way === 'b' ? named.findLast(({ at }) => at <= from) : named.find(({ at }) => way !== 'f' || at > from);
    return found ? BigInt(found.at - from - 1) : asmNumber(to.replace(/^pc /, ''));
  }

  private finish(): Assembled {
    if (this.data.length > 0) return { error: 'data that makes no whole instruction' };
    const lines: AsmLine[] = [];
    for (const [i, { goto, ...line }] of this.lines.entries()) {
      const label = /^@l(\d+)$/.exec(goto ?? '')?.[1];
      const far = line.code === GOTO['gotol'];
      if (goto === null) lines.push(line);
      else if (label !== undefined) lines.push({ ...line, target: Number(label) });
      else {
        const distance = this.distance(goto, this.slots(i));
        if (distance === null) return { error: `goto ${goto}` };
        lines.push(far ? { ...line, imm: distance } : { ...line, off: Number(distance) });
      }
    }
    return { lines };
  }

  run(text: string): Assembled {
    const bare = text.replace(/\/\*[^]*?\*\//g, ' ').replace(/(?:#|\/\/).*/g, '');
    const written = bare.split(/[\n;]/).map((line) => line.trim());
    const statements = expandAsm(written.filter((line) => line !== ''));
    if ('error' in statements) return statements;
    for (const statement of statements) {
      const tokens = (statement.match(TOKEN) ?? []).filter((token) => token.trim() !== '');
      if (tokens.length > 0 && !this.statement(tokens.join(' '))) return { error: statement };
    }
    return this.finish();
  }
}

/** Instructions for the text, or the first statement that is not understood. */
export const assemble = (text: string, symbols: AsmSymbols): Assembled => new Assembler(symbols).run(text);
