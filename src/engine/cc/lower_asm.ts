/**
 * asm statements: BPF assembly as clang takes it. Operands stand for registers (`%0`, `%[name]`) or, with
 * the constraint "i", for numbers. A statement without text, the usual barrier_var(x), costs nothing: it
 * only hides from the optimiser what is known of x.
 */
import type { AsmOperand, AsmStmt } from './ast.ts';
import { sizeOf } from './ctype.ts';
import type { AsmBody, Inst } from './ir.ts';
import { assemble } from './lower_asm_text.ts';
import type { Lowering } from './lower_function.ts';
import { loadPlace, lowerPlace, storePlace } from './lower_place.ts';

const isImmediate = (operand: AsmOperand): boolean =>
  /^[in]+$/.test(operand.constraint.replace(/[^a-z]/g, ''));

const clobberedRegister = (name: string): number | null => {
  const found = /^[rw](\d)$/.exec(name);
  return found ? Number(found[1]) : null;
};

export function lowerAsm(f: Lowering, stmt: AsmStmt): void {
  const reject = (why: string): void => f.unsupported(stmt.range, why, () => undefined);
  const { outputs, inputs } = stmt;
  if (stmt.labels.length > 0) return reject('asm goto');
  if (outputs.length > 1) return reject('asm with more than one output');
  const memory = [...outputs, ...inputs].find((operand) => /[mo]/.test(operand.constraint));
  if (memory) return reject(`the asm constraint "${memory.constraint}"`);
  const [output] = outputs;
  const place = output ? lowerPlace(f, output.expr) : null;
  const tied = inputs.findIndex((operand) => operand.constraint === '0');
  const inOut = output !== undefined && (output.constraint.startsWith('+') || tied >= 0);

  const args: Inst[] = [];
  if (place && inOut) args.push(tied >= 0 ? f.value(inputs[tied]!.expr) : loadPlace(f, place));
  /** What each operand number means: a register operand, or a number. */
  const meaning: (number | bigint)[] = output ? [0] : [];
  let registers = output ? 1 : 0;
  inputs.forEach((operand, i) => {
    if (i === tied) return meaning.push(0);
    const value = f.value(operand.expr);
    if (isImmediate(operand) && value.op === 'const') return meaning.push(value.imm);
    args.push(value);
    return meaning.push(registers++);
  });
  f.b.loc = stmt.range.start;
  if (stmt.template.trim() === '') {
    if (!place || !output) return;
    const start = args[0] ?? f.b.const(sizeOf(output.expr.type) === 8 ? 64 : 32, 0);
    const tie = f.b.other('tie', start.width, [start], (inst) => {
      inst.volatile = true;
    });
    storePlace(f, place, tie);
    return;
  }
  const names = [...outputs, ...inputs].map((operand) => operand.name.replace(/[[\]]/g, ''));
  const text = assemble(stmt.template, (name) => {
    const index = /^\d+$/.test(name) ? Number(name) : names.indexOf(name);
    return meaning[index] ?? null;
  });
  if ('error' in text) return reject(`asm text "${text.error}"`);
  const body: AsmBody = {
    lines: text.lines,
    clobbers: stmt.clobbers.map(clobberedRegister).filter((reg) => reg !== null),
    hasOutput: output !== undefined,
    inOut,
  };
  const width = output && sizeOf(output.expr.type) !== 8 ? 32 : 64;
  const made = f.b.other('asm', width, args, (inst) => {
    inst.asm = body;
  });
  if (place) storePlace(f, place, made);
}
