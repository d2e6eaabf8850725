/**
 * asm statements: BPF assembly as clang takes it. Operands stand for registers (`%0`, `%[name]`), for memory
 * ("m"), or, with the constraint "i", for numbers and symbols. A statement without text, the usual
 * barrier_var(x), costs nothing: it only hides from the optimiser what is known of x.
 */
import type { AsmOperand, AsmStmt, Expr } from './ast.ts';
import { integerOf, sizeOf } from './ctype.ts';
import type { AsmBody, AsmSymbol, Inst } from './ir.ts';
import { assemble } from './lower_asm_text.ts';
import type { AsmSymbols } from './lower_asm_text.ts';
import { constantOf, lowerVariable } from './lower_data.ts';
import type { Lowering } from './lower_function.ts';
import { addressOf, loadPlace, lowerPlace, storePlace } from './lower_place.ts';

const REGISTERS = 10;
const letters = ({ constraint }: AsmOperand): string => constraint.replace(/[^a-zA-Z0-9]/g, '');
const isImmediate = (operand: AsmOperand): boolean => /^[inse]+$/.test(letters(operand));
const mayBeImmediate = (operand: AsmOperand): boolean => /[insgX]/.test(letters(operand));
const isMemory = (operand: AsmOperand): boolean => /^[mo]+$/.test(letters(operand));

const clobberedRegister = (name: string): number | null => {
  const found = /^[rw](\d)$/.exec(name);
  return found ? Number(found[1]) : null;
};

/** The register that the program has chosen for an operand. */
function chosenRegister({ expr }: AsmOperand): number | null {
  const value = underCasts(expr);
  const place = value.kind === 'cast' ? value.operand : value;
  return place.kind === 'ref' && place.symbol.kind === 'var' ? (place.symbol.register ?? null) : null;
}

/** What is under the conversions of a value. */
const underCasts = (expr: Expr): Expr =>
  expr.kind === 'cast' && expr.cast !== 'load' ? underCasts(expr.operand) : expr;

/**
 * What a register holds for an operand. Bits above a char or short are whatever is there, as for clang, which
 * macros count on: `"r"((short)x)` is all of x in any width.
 */
const inRegister = (expr: Expr): Expr =>
  expr.kind === 'cast' && expr.cast === 'int' && (sizeOf(expr.type) ?? 0) < 4
    ? inRegister(expr.operand)
    : expr;

/** "i"(bpf_helper): a helper is a constant pointer that holds its number. */
function helperNumber(expr: Expr): bigint | null {
  const value = underCasts(expr);
  if (value.kind !== 'cast' || value.operand.kind !== 'ref') return null;
  const { symbol } = value.operand;
  return symbol.kind === 'var' && symbol.helper !== null ? BigInt(symbol.helper) : null;
}

/** "i"(*(long *)&(struct bpf_insn){ ... }): the bytes of an object that only stands here. */
function literalBytes(f: Lowering, expr: Expr): bigint | null {
  const value = underCasts(expr);
  if (value.kind !== 'cast' || value.operand.kind !== 'deref') return null;
  const address = underCasts(value.operand.operand);
  if (address.kind !== 'address_of' || address.operand.kind !== 'compound_literal') return null;
  const { symbol } = address.operand;
  const { bytes } = lowerVariable(f.module, symbol, { name: symbol.name, kind: 'data' });
  const size = Math.min(sizeOf(value.type) ?? 0, bytes.length);
  return bytes.subarray(0, size).reduceRight((all, byte) => (all << 8n) | BigInt(byte), 0n);
}

/** The text with the names of registers for its operands. */
const inRegisters = (text: string, registers: readonly number[]): string =>
  text.replace(
    /@(w?)(\d+)/g,
    (_, narrow: string, at: string) => `${narrow || 'r'}${registers[Number(at)] ?? 0}`,
  );

/** One asm statement on its way: what the text's operands have become. */
class AsmLowering {
  private readonly f: Lowering;
  private readonly stmt: AsmStmt;
  /** What stands in the assembly text for each operand. */
  private readonly texts: string[] = [];
  private readonly symbols: AsmSymbol[] = [];
  /** The register that the program has chosen for an operand, by its number. */
  private readonly chosen = new Map<number, number>();

  constructor(f: Lowering, stmt: AsmStmt) {
    this.f = f;
    this.stmt = stmt;
  }

  /** A number, or a symbol's address, known now; else null. */
  private constantText(expr: Expr): string | null {
    const number = helperNumber(expr) ?? literalBytes(this.f, expr);
    if (number !== null) return String(number);
    const known = constantOf(this.f.module, expr);
    if (!known) return null;
    if (!known.symbol) return String(known.value);
    return `@s${this.symbols.push({ symbol: known.symbol, off: Number(known.value) }) - 1}`;
  }

  /** An int has zeros above it, unless a number could stand there too: then both mean the same. */
  private extended(operand: AsmOperand, value: Inst): Inst {
    const { b } = this.f;
    const signed = value.width === 32 && integerOf(operand.expr.type)?.signed === true;
    return signed && mayBeImmediate(operand) ? b.sext(value, 32, 64) : b.zext(value);
  }

  /** The text with operands, labels and `%=` put in. */
  private substitute(): string {
    const { template, outputs, inputs, labels } = this.stmt;
    const names = [...outputs, ...inputs].map(({ name }) => name);
    const index = (name: string): number => (/^\d+$/.test(name) ? Number(name) : names.indexOf(name));
    return template.replace(
      /%(?:([%={}|])|l(?:\[(\w+)\]|(\d+))|([a-z]?)(?:\[(\w+)\]|(\d+)))/g,
      (
        whole,
        sign?: string,
        label?: string,
        labelNumber?: string,
        modifier?: string,
        name?: string,
        at?: string,
      ) => {
        if (sign === '=') return String(this.stmt.range.start);
        if (sign !== undefined) return sign;
        if (label !== undefined || labelNumber !== undefined) {
          const found =
            labelNumber === undefined
              ? labels.findIndex((l) => l.name === label)
              : Number(labelNumber) - names.length;
          return labels[found] ? `@l${found}` : whole;
        }
        const text = this.texts[index(name ?? at ?? '')] ?? whole;
        return modifier === 'w' ? text.replace(/^@(?=\d)/, '@w') : text;
      },
    );
  }

  /** A stretch of the text with its operands as the program names them. */
  private asWritten(text: string): string {
    const { outputs, inputs, labels } = this.stmt;
    const operands = [...outputs, ...inputs];
    return text.replace(/@([wsl]?)(\d+)/g, (found, kind: string, number: string) => {
      if (kind === 'l') return `%l[${labels[Number(number)]?.name ?? number}]`;
      const at = this.texts.indexOf(found);
      return at < 0 ? found : operands[at]?.name ? `%[${operands[at].name}]` : `%${at}`;
    });
  }

  private reject(why: string): void {
    this.f.module.diagnostics.error(this.stmt.range, why);
  }

  run(): void {
    const { f, stmt } = this;
    const { outputs, inputs, labels } = stmt;
    const places = outputs.map((output) => lowerPlace(f, output.expr));
    const tiedTo = inputs.map((operand) =>
      /^\d+$/.test(letters(operand))
        ? Number(letters(operand))
        : /^\[.*\]$/.test(operand.constraint)
          ? outputs.findIndex(({ name }) => `[${name}]` === operand.constraint)
          : -1,
    );
    if (tiedTo.some((at) => at >= outputs.length)) return this.reject('an asm operand is tied to none');
    const registers = outputs.filter((output) => !isMemory(output));
    const inOut = registers.map(
      (output) => output.constraint.startsWith('+') || tiedTo.includes(outputs.indexOf(output)),
    );
    const args: Inst[] = [];
    const late: Inst[] = [];
    const register = (operand: AsmOperand, value: Inst): string => {
      const narrow = letters(operand) === 'w';
      const at = registers.length + late.push(narrow ? value : this.extended(operand, value)) - 1;
      return narrow ? `@w${at}` : `@${at}`;
    };
    outputs.forEach((output, i) => {
      const place = places[i]!;
      if (isMemory(output)) {
        this.texts.push(`(${register(output, addressOf(f, place))} + 0)`);
        return;
      }
      const tied = tiedTo.indexOf(i);
      if (tied >= 0) args.push(f.value(inputs[tied]!.expr));
      else if (output.constraint.startsWith('+')) args.push(loadPlace(f, place));
      this.texts.push(`${letters(output) === 'w' ? '@w' : '@'}${registers.indexOf(output)}`);
    });
    for (const [i, operand] of inputs.entries()) {
      if (tiedTo[i]! >= 0) this.texts.push(this.texts[tiedTo[i]!]!);
      else if (isMemory(operand))
        this.texts.push(`(${register(operand, addressOf(f, lowerPlace(f, operand.expr)))} + 0)`);
      else {
        const known = mayBeImmediate(operand) ? this.constantText(operand.expr) : null;
        if (known === null && isImmediate(operand)) {
          const value = f.value(operand.expr);
          if (value.op !== 'const')
            return this.reject(`the operand of constraint "${operand.constraint}" is not constant`);
          this.texts.push(String(value.imm));
        } else this.texts.push(known ?? register(operand, f.value(inRegister(operand.expr))));
      }
    }
    f.b.loc = stmt.range.start;
    this.choose([...outputs, ...inputs]);
    if (labels.length > 0 && registers.some((_, i) => this.chosen.has(i)))
      return this.reject('an output of asm goto cannot choose its register');
    const body = this.body(inOut);
    const free = [...registers.keys()].filter((i) => !this.chosen.has(i)).length;
    const distinct = new Set(late.filter((_, i) => !this.chosen.has(registers.length + i))).size + free;
    if (distinct + new Set([...body.clobbers, ...this.chosen.values()]).size > REGISTERS)
      return this.reject('inline assembly requires more registers than available');
    this.write(body, [...args, ...late], registers);
    const store = (): void =>
      registers.forEach((output, i) => storePlace(f, places[outputs.indexOf(output)]!, this.results[i]!));
    if (labels.length === 0) return store();
    // The statement ends its block: what it gives is stored wherever it goes.
    const next = f.fn.block();
    const targets = labels.map(() => f.fn.block());
    f.b.asmGoto(targets, next);
    labels.forEach((label, i) => {
      f.b.at(targets[i]!);
      store();
      f.gotoLabel(label);
    });
    f.b.at(next);
    store();
  }

  private choose(operands: readonly AsmOperand[]): void {
    for (const [i, operand] of operands.entries()) {
      const reg = chosenRegister(operand);
      const at = /^@w?(\d+)$/.exec(this.texts[i] ?? '')?.[1];
      if (reg !== null && at !== undefined) this.chosen.set(Number(at), reg);
    }
  }

  private readonly results: Inst[] = [];

  private body(outputs: readonly boolean[]): AsmBody {
    const { f, stmt } = this;
    const symbols: AsmSymbols = (name) => {
      const operand = /^@s(\d+)$/.exec(name);
      if (operand) return this.symbols[Number(operand[1])] ?? null;
      const symbol = f.module.named(name);
      return symbol && { symbol, off: 0 };
    };
    const text = this.substitute();
    const asks = /\.if\w*\s[^;\n]*@w?\d/.test(text);
    const made = assemble(asks ? inRegisters(text, []) : text, symbols);
    const lines = 'error' in made ? [] : made.lines;
    const refused = 'error' in made ? `invalid BPF assembly: "${this.asWritten(made.error)}"` : null;
    const clobbers = [...new Set(stmt.clobbers.map(clobberedRegister).filter((reg) => reg !== null))];
    const linesWith: AsmBody['linesWith'] = (registers) => {
      const again = assemble(inRegisters(text, registers), symbols);
      return 'error' in again ? null : again.lines;
    };
    return { lines, refused, linesWith: asks ? linesWith : null, clobbers, outputs, chosen: this.chosen };
  }

  private write(body: AsmBody, args: Inst[], registers: readonly AsmOperand[]): void {
    const { f, stmt } = this;
    const widths = registers.map(({ expr }) => (sizeOf(expr.type) === 8 ? 64 : 32));
    // The value of a barrier is its argument, of which nothing is known.
    const bare = body.lines.length === 0 && body.refused === null && stmt.labels.length === 0;
    if (bare && registers.length === 1 && args.length <= 1) {
      const start = args[0] ?? f.b.const(widths[0]!, 0);
      const tie = f.b.other('tie', start.width, [start], (inst) => {
        inst.volatile = true;
      });
      this.results.push(tie);
      return;
    }
    if (bare && registers.length === 0 && !stmt.clobbers.includes('memory')) return;
    const made = f.b.other('asm', widths[0] ?? 64, args, (inst) => {
      inst.asm = body;
    });
    widths.forEach((width, i) =>
      this.results.push(
        i === 0
          ? made
          : f.b.other('asm_out', width, [made], (inst) => {
              inst.imm = BigInt(i);
            }),
      ),
    );
  }
}

export const lowerAsm = (f: Lowering, stmt: AsmStmt): void => new AsmLowering(f, stmt).run();
