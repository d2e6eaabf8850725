/** Statements. A mistake in one is reported and the rest of it skipped; the next one is read as usual. */
import type { BlockStmt, CaseStmt, DefaultStmt, Expr, Stmt } from './ast.ts';
import * as C from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { evaluateInt, wrapInt } from './const_eval.ts';
import { assignTo, condition, errorExpr, isError, isLvalue, promote, rvalue } from './check_convert.ts';
import type { OpenSwitch } from './check_context.ts';
import { checkCases, checkDanglingElse, checkEmptyThen, checkNeighbours } from './check_shape.ts';
import { checkLoop } from './check_loop.ts';
import { checkUnused } from './check_unused.ts';
import { noAttributes, parseAttributes } from './parse_attr.ts';
import { parseAsm } from './parse_asm.ts';
import { rangeOf } from './parse_cursor.ts';
import { parseDeclaration, parseStaticAssert } from './parse_decl.ts';
import type { Parser } from './parser.ts';
import { parseConstant, parseExpression } from './parse_expr.ts';
import { KEYWORDS, looksLikeTypeName, startsType } from './parse_type.ts';
import type { Loc, Range } from './source.ts';

const empty = (range: Range): Stmt => ({ kind: 'empty', range });

/** `{ ... }` in the scope that is open: the caller decides whether it is a new one. */
export function parseBody(p: Parser): BlockStmt {
  const open = rangeOf(p.token);
  const { start } = open;
  p.expect('{');
  const body = parseStatements(p);
  if (!p.accept('}'))
    p.context.error({ start: p.lastEnd, end: p.lastEnd + 1 }, "expected '}'", [
      { message: "to match this '{'", range: open },
    ]);
  return { kind: 'block', body, range: p.since(start) };
}

/** Statements up to `}`. */
function parseStatements(p: Parser): Stmt[] {
  const body: Stmt[] = [];
  while (!p.atEnd && !p.is('}')) {
    const before = p.mark();
    const previous = body.at(-1);
    const items = parseBlockItem(p);
    body.push(...items);
    if (previous && items[0]) checkNeighbours(p.context, previous, items[0]);
    if (p.mark() === before) p.advance();
    if (p.diagnostics.exhausted) p.recover();
  }
  return body;
}

function isLabel(p: Parser): boolean {
  const next = p.peek();
  return (
    p.token.kind === 'identifier' && next.kind === 'punct' && next.text === ':' && !KEYWORDS.has(p.token.text)
  );
}

/** A declaration (one statement per variable) or a statement. */
function parseBlockItem(p: Parser): Stmt[] {
  if (isLabel(p)) return [parseStatement(p)];
  if (p.is('_Static_assert')) {
    parseStaticAssert(p);
    return [];
  }
  const isAttribute = p.is('__attribute__') && p.peek(3).text.includes('fallthrough');
  if (!isAttribute && (startsType(p) || (looksLikeTypeName(p) && p.context.lookup(p.token.text) === null)))
    return parseDeclaration(p);
  return [parseStatement(p)];
}

export function parseStatement(p: Parser): Stmt {
  return p.nest(
    () => statement(p),
    () => empty(rangeOf(p.token)),
  );
}

type Rule = (p: Parser, start: Loc) => Stmt;

const STATEMENTS: Readonly<Record<string, Rule>> = {
  if: parseIf,
  while: parseWhile,
  do: parseDo,
  for: parseFor,
  switch: parseSwitch,
  case: parseCase,
  default: parseDefault,
  return: parseReturn,
  goto: parseGoto,
  __label__: parseLocalLabels,
  break: (p, start) => {
    const open = p.context.function;
    if (!open || open.breakable === 0) p.context.error(p.since(start), "'break' outside of a loop or switch");
    semicolon(p, 'the break statement');
    return { kind: 'break', range: p.since(start) };
  },
  continue: (p, start) => {
    const open = p.context.function;
    if (!open || open.loops === 0) p.context.error(p.since(start), "'continue' outside of a loop");
    semicolon(p, 'the continue statement');
    return { kind: 'continue', range: p.since(start) };
  },
  asm: parseAsm,
  __asm__: parseAsm,
  __asm: parseAsm,
  else: (p, start) => {
    p.context.error(p.since(start), "'else' without an 'if'");
    return parseStatement(p);
  },
};

function statement(p: Parser): Stmt {
  const { token } = p;
  if (p.is('{')) return p.context.scoped(p, () => parseBody(p));
  if (p.accept(';')) return empty(rangeOf(token));
  if (isLabel(p)) return parseLabel(p);
  if (p.is('__attribute__')) {
    parseAttributes(p, noAttributes());
    return statement(p);
  }
  const rule =
    token.kind === 'identifier' && Object.hasOwn(STATEMENTS, token.text) ? STATEMENTS[token.text] : undefined;
  if (rule) {
    p.advance();
    return rule(p, token.loc);
  }
  if (startsType(p)) {
    p.context.error(rangeOf(token), 'expected a statement: a declaration needs braces around it here');
    p.recover(';', '}');
    p.accept(';');
    return empty(p.since(token.loc));
  }
  const expr = discard(parseExpression(p));
  const isComplete = p.is(';');
  semicolon(p, 'the expression');
  const isResult = p.is('}') && p.peek().text === ')';
  if (isComplete && !isResult && !isError(expr)) checkUnused(p.context, expr);
  return { kind: 'expr', expr, range: p.since(token.loc) };
}

/** The expression of a statement: a place is read when it is volatile, else left alone. */
const discard = (expr: Expr): Expr =>
  isLvalue(expr) && C.qualifiersOf(expr.type).isVolatile ? rvalue(expr) : expr;

function semicolon(p: Parser, after: string): void {
  if (p.expect(';', ` after ${after}`)) return;
  if (p.token.bol || p.is('}')) return;
  p.recover(';', '}');
  p.accept(';');
}

/** The `)` of a statement's head. Where it is forgotten, what follows is often the body. */
function closeHead(p: Parser): void {
  if (p.expect(')') || p.is('{')) return;
  p.recover(')', ';', '}');
  p.accept(')');
}

/** `(condition)` */
function parseParenCondition(p: Parser): Expr {
  if (!p.expect('('))
    return p.is('{') || p.is('}') ? errorExpr(rangeOf(p.token)) : condition(p.context, parseExpression(p));
  const { token } = p;
  const written = parseExpression(p);
  if (written.kind === 'assign' && token.text !== '(')
    p.context.warning(
      'parentheses',
      written.range,
      "using the result of an assignment as a condition without parentheses; did you mean to use '=='?",
    );
  const isDoubled =
    token.text === '(' && p.operator === null && written.kind === 'compare' && written.op === '==';
  if (isDoubled && !p.context.sources.macroUses.has(token.loc))
    p.context.warning(
      'parentheses-equality',
      written.range,
      'equality comparison with extraneous parentheses',
    );
  const value = condition(p.context, written);
  closeHead(p);
  return value;
}

function parseIf(p: Parser, start: Loc): Stmt {
  const test = parseParenCondition(p);
  const close = p.lastEnd;
  const then = p.context.scoped(p, () => parseStatement(p));
  const otherwise = p.accept('else') ? p.context.scoped(p, () => parseStatement(p)) : null;
  if (!otherwise) {
    checkEmptyThen(p.context, close, then);
    checkDanglingElse(p.context, then);
  }
  return { kind: 'if', condition: test, then, otherwise, range: p.since(start) };
}

/** The body of a loop, where break and continue mean something. */
function parseLoopBody(p: Parser): Stmt {
  const open = p.context.function;
  if (open) {
    open.loops++;
    open.breakable++;
  }
  const body = p.context.scoped(p, () => parseStatement(p));
  if (open) {
    open.loops--;
    open.breakable--;
  }
  return body;
}

function parseWhile(p: Parser, start: Loc): Stmt {
  const unroll = p.takeUnroll();
  const test = parseParenCondition(p);
  const body = parseLoopBody(p);
  return { kind: 'while', condition: test, body, unroll, range: p.since(start) };
}

function parseDo(p: Parser, start: Loc): Stmt {
  const unroll = p.takeUnroll();
  const body = parseLoopBody(p);
  p.expect('while', ' after the body of do');
  const test = parseParenCondition(p);
  semicolon(p, 'do ... while');
  return { kind: 'do', condition: test, body, unroll, range: p.since(start) };
}

function parseFor(p: Parser, start: Loc): Stmt {
  const unroll = p.takeUnroll();
  return p.context.scoped(p, (): Stmt => {
    if (!p.expect('(')) return empty(p.since(start));
    let init: Stmt[] = [];
    if (startsType(p) || looksLikeTypeName(p)) init = parseDeclaration(p);
    else if (!p.accept(';')) {
      const expr = discard(parseExpression(p));
      init = [{ kind: 'expr', expr, range: expr.range }];
      p.expect(';', ' after the first part of for');
    }
    const test = p.is(';') ? null : condition(p.context, parseExpression(p));
    const isWhole = p.expect(';', ' after the condition of for');
    const step = p.is(')') ? null : discard(parseExpression(p));
    closeHead(p);
    const body = parseLoopBody(p);
    const loop = { kind: 'for', init, condition: test, step, body, unroll, range: p.since(start) } as const;
    if (isWhole) checkLoop(p.context, loop);
    return loop;
  });
}

function parseSwitch(p: Parser, start: Loc): Stmt {
  const { context } = p;
  p.expect('(');
  const written = parseExpression(p);
  let value = promote(rvalue(written));
  closeHead(p);
  const type = C.integerOf(value.type);
  if (!type && !isError(value)) {
    context.error(value.range, `switch needs an integer, not '${typeText(value.type)}'`);
    value = errorExpr(value.range);
  }
  const open: OpenSwitch = {
    type: type ?? C.INT,
    cases: [],
    values: new Set(),
    ranges: [],
    defaultCase: null,
  };
  const func = context.function;
  func?.switches.push(open);
  if (func) func.breakable++;
  const body = context.scoped(p, () => parseStatement(p));
  func?.switches.pop();
  if (func) func.breakable--;
  checkCases(p.context, written, open);
  return {
    kind: 'switch',
    condition: value,
    body,
    cases: open.cases,
    defaultCase: open.defaultCase,
    range: p.since(start),
  };
}

/** The value of a case label, converted to the type of the switch. */
function caseValue(p: Parser, type: C.IntType): bigint {
  const start = p.token.loc;
  const expr = parseConstant(p);
  const value = isError(expr) ? 0n : evaluateInt(rvalue(expr));
  if (value === null)
    p.context.error(p.since(start), 'the value of a case label must be an integer constant');
  return wrapInt(value ?? 0n, type);
}

/** What stands behind a label: a statement, or nothing before `}` (C23). */
function labelled(p: Parser): Stmt {
  if (p.is('}')) return empty(rangeOf(p.token));
  if (!startsType(p) || isLabel(p)) return parseStatement(p);
  const at = p.token.loc;
  return { kind: 'block', body: parseDeclaration(p), range: p.since(at) };
}

/** Has the switch a case for one of these values? Most have one value, and there may be thousands. */
const isTaken = ({ cases, values, ranges }: OpenSwitch, low: bigint, high: bigint): boolean =>
  low === high
    ? values.has(low) || ranges.some((c) => c.low <= low && low <= c.high)
    : cases.some((c) => low <= c.high && c.low <= high);

function parseCase(p: Parser, start: Loc): Stmt {
  const { context } = p;
  const open = context.function?.switches.at(-1);
  const low = caseValue(p, open?.type ?? C.INT);
  const high = p.accept('...') ? caseValue(p, open?.type ?? C.INT) : low;
  p.expect(':', ' after case');
  const range = p.since(start);
  if (!open) context.error(range, "'case' outside of a switch");
  if (high < low) context.warning(null, range, 'empty case range');
  if (open && isTaken(open, low, high)) context.error(range, `duplicate case value ${low}`);
  const node: Mutable<CaseStmt> = { kind: 'case', low, high, body: empty(range), range };
  open?.cases.push(node);
  if (low === high) open?.values.add(low);
  else open?.ranges.push(node);
  node.body = labelled(p);
  node.range = p.since(start);
  return node;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function parseDefault(p: Parser, start: Loc): Stmt {
  p.expect(':', ' after default');
  const range = p.since(start);
  const open = p.context.function?.switches.at(-1);
  if (!open) p.context.error(range, "'default' outside of a switch");
  else if (open.defaultCase) p.context.error(range, 'multiple default labels in one switch');
  const node: Mutable<DefaultStmt> = { kind: 'default', body: empty(range), range };
  if (open) open.defaultCase = node;
  node.body = labelled(p);
  node.range = p.since(start);
  return node;
}

function parseLabel(p: Parser): Stmt {
  const name = p.advance();
  p.advance();
  const entry = p.context.labelNamed(name.text, rangeOf(name));
  p.context.observer?.name(rangeOf(name), { kind: 'label', label: entry.label }, 'declaration');
  if (entry.defined) p.context.error(rangeOf(name), `redefinition of label '${name.text}'`);
  entry.defined = true;
  const attributes = noAttributes();
  parseAttributes(p, attributes);
  entry.used ||= attributes.unused;
  return { kind: 'label', label: entry.label, body: labelled(p), range: p.since(name.loc) };
}

/** `__label__ again, out;`: labels that only the block knows. */
function parseLocalLabels(p: Parser, start: Loc): Stmt {
  do {
    const name = p.token;
    if (name.kind !== 'identifier') break;
    p.advance();
    p.context.declareLabel(name.text, rangeOf(name));
  } while (p.accept(','));
  semicolon(p, 'the names of labels');
  return empty(p.since(start));
}

function parseGoto(p: Parser, start: Loc): Stmt {
  const name = p.token;
  if (name.kind !== 'identifier') {
    p.context.error(
      rangeOf(name),
      name.text === '*' ? 'computed goto is not supported in BPF programs' : 'expected a label after goto',
    );
    p.recover(';', '}');
    p.accept(';');
    return empty(p.since(start));
  }
  p.advance();
  const label = p.context.labelGoneTo(name.text, rangeOf(name));
  p.context.observer?.name(rangeOf(name), { kind: 'label', label }, 'use');
  semicolon(p, 'goto');
  return { kind: 'goto', label, range: p.since(start) };
}

const RETURN_MISMATCH = [[], [], 'return-mismatch'] as const;

function parseReturn(p: Parser, start: Loc): Stmt {
  const { context } = p;
  const result = context.function?.symbol.signature.result ?? C.INT;
  let value: Expr | null = null;
  if (!p.is(';')) {
    const given = parseExpression(p);
    const isVoidValue = C.isVoid(given.type) && !isError(given);
    if (C.isVoid(result)) {
      if (!isVoidValue && !isError(given))
        context.error(
          given.range,
          `void function '${context.function?.symbol.name ?? ''}' should not return a value`,
          ...RETURN_MISMATCH,
        );
      value = isVoidValue ? given : null;
    } else value = assignTo(context, rvalue(given), result, { kind: 'returning' });
  } else if (!C.isVoid(result) && context.function?.symbol.attributes.naked !== true)
    context.error(
      p.since(start),
      `non-void function '${context.function?.symbol.name ?? ''}' should return a value`,
      ...RETURN_MISMATCH,
    );
  semicolon(p, 'the return statement');
  return { kind: 'return', value, range: p.since(start) };
}

/** `({ ... })`: its value is that of the last statement, if that is an expression, with a label or without. */
export function parseStatementExpression(p: Parser): Expr {
  const { context } = p;
  const start = p.advance().loc;
  if (!context.function) {
    context.error(rangeOf(p.token), 'a statement expression is allowed only inside a function');
    p.skipBalanced();
    p.accept(')');
    return errorExpr(p.since(start));
  }
  const block = p.nest(
    () => context.scoped(p, () => parseBody(p)),
    (): BlockStmt => ({ kind: 'block', body: [], range: p.since(start) }),
  );
  p.expect(')');
  const range = p.since(start);
  const at = block.body.findLastIndex((s) => s.kind !== 'empty');
  const last = block.body[at];
  const label = last?.kind === 'label' && last.body.kind === 'expr' ? last : null;
  const value = label ? label.body : last;
  if (value?.kind !== 'expr')
    return { kind: 'stmt_expr', body: block, result: null, type: C.VOID, range, loc: start };
  const result = rvalue(value.expr);
  if (isError(result)) return errorExpr(range);
  const rest: Stmt[] = label ? [{ ...label, body: empty(label.range) }] : [];
  const body: BlockStmt = { ...block, body: [...block.body.slice(0, at), ...rest] };
  return { kind: 'stmt_expr', body, result, type: result.type, range, loc: start };
}
