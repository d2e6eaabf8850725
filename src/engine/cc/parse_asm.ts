/** `asm volatile("..." : outputs : inputs : clobbers)`: read and kept; assembling is the back end's. */
import type { AsmOperand, AsmStmt, Expr, Label } from './ast.ts';
import { isError, isLvalue, rvalue } from './check_convert.ts';
import { stringBytes } from './literal.ts';
import { rangeOf } from './parse_cursor.ts';
import type { Parser } from './parser.ts';
import { parseExpression } from './parse_expr.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import type { Loc } from './source.ts';

const ASM_WORDS: ReadonlySet<string> = new Set(['volatile', '__volatile__', '__volatile', 'inline', 'goto']);

function text(p: Parser): string {
  let out = '';
  if (p.token.kind !== 'string') p.context.error(rangeOf(p.token), 'expected a string literal');
  while (p.token.kind === 'string') out += latin1Decode(stringBytes(p.advance().text).bytes);
  return out;
}

/** `[name] "constraint" (expr), ...` up to the next colon. */
function operands(p: Parser, outputs: boolean): AsmOperand[] {
  const list: AsmOperand[] = [];
  if (p.is(':') || p.is(')')) return list;
  do {
    let name = '';
    if (p.accept('[')) {
      name = p.advance().text;
      p.expect(']');
    }
    const constraint = text(p);
    if (!p.expect('(')) break;
    const written = parseExpression(p);
    p.expect(')');
    const expr: Expr = outputs || constraint.includes('m') ? written : rvalue(written);
    if (outputs && !isError(written) && !isLvalue(written))
      p.context.error(written.range, 'an output of asm must be a variable or another place');
    list.push({ name, constraint, expr });
  } while (p.accept(','));
  return list;
}

/** Behind the word asm. */
export function parseAsm(p: Parser, start: Loc): AsmStmt {
  let isVolatile = false;
  let isGoto = false;
  while (p.token.kind === 'identifier' && ASM_WORDS.has(p.token.text)) {
    const word = p.advance().text;
    isVolatile ||= word.includes('volatile');
    isGoto ||= word === 'goto';
  }
  p.expect('(');
  const written = text(p);
  // Without operands the text is taken as it stands.
  const template = p.is(')') ? written.replaceAll('%', '%%') : written;
  const outputs = p.accept(':') ? operands(p, true) : [];
  const inputs = p.accept(':') ? operands(p, false) : [];
  const clobbers: string[] = [];
  if (p.accept(':') && p.token.kind === 'string')
    do clobbers.push(text(p));
    while (p.accept(','));
  const labels: Label[] = [];
  if (isGoto && p.accept(':'))
    do labels.push(gotoTarget(p));
    while (p.accept(','));
  if (!p.expect(')')) p.recover(')', ';', '}');
  p.accept(')');
  p.expect(';', ' after asm');
  return {
    kind: 'asm',
    template,
    outputs,
    inputs,
    clobbers,
    labels,
    isVolatile: isVolatile || isGoto || outputs.length === 0,
    range: p.since(start),
  };
}

function gotoTarget(p: Parser): Label {
  const name = p.advance();
  return p.context.labelGoneTo(name.text, rangeOf(name));
}
