/** Expressions, from the comma operator down to what has a prefix. Primary and postfix forms: parse_primary.ts. */
import type { ArithmeticOp, CompareOp, Expr, VarSymbol } from './ast.ts';
import * as C from './ctype.ts';
import type { CType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { checkAddressOf, checkDeref } from './check_access.ts';
import { condition, errorExpr, explicitCast, intExpr, isError, rvalue } from './check_convert.ts';
import {
  checkArithmetic,
  checkAssign,
  checkComma,
  checkCompare,
  checkCompoundAssign,
  checkConditional,
  checkIncDec,
  checkLogical,
  checkUnary,
} from './check_expr.ts';
import { checkPrecedence } from './check_precedence.ts';
import type { Operand } from './check_precedence.ts';
import { checkInitializer } from './check_init.ts';
import { NO_SYMBOL_ATTRIBUTES, requireConstant } from './check_symbol.ts';
import type { Loc } from './source.ts';
import { precedenceOf } from './operators.ts';
import { rangeOf } from './parse_cursor.ts';
import type { Parser } from './parser.ts';
import { parseInitList } from './parse_init.ts';
import { parsePostfix } from './parse_primary.ts';
import { parseTypeName, startsType } from './parse_type.ts';

/** Operators in one chain such as a + b + c ...; more would make the tree too deep. */
const MAX_CHAIN = 1000;

const COMPARES: ReadonlySet<string> = new Set<CompareOp>(['==', '!=', '<', '<=', '>', '>=']);
const COMPOUND: Readonly<Record<string, ArithmeticOp>> = {
  '+=': '+',
  '-=': '-',
  '*=': '*',
  '/=': '/',
  '%=': '%',
  '&=': '&',
  '|=': '|',
  '^=': '^',
  '<<=': '<<',
  '>>=': '>>',
};

const tooDeep = (p: Parser): Expr => errorExpr(rangeOf(p.token));

/** With commas. */
export function parseExpression(p: Parser): Expr {
  let left = parseAssignment(p);
  for (let n = 0; p.is(','); n++) {
    const at = p.advance().loc;
    const right = parseAssignment(p);
    left = n < MAX_CHAIN ? checkComma(left, right, at) : reportChain(p, at);
  }
  return left;
}

function reportChain(p: Parser, at: Loc): Expr {
  p.context.error(p.since(at), `expression has more than ${MAX_CHAIN} operators in a row`);
  return errorExpr(p.since(at));
}

/** Without commas. */
export function parseAssignment(p: Parser): Expr {
  return p.nest(
    () => {
      const target = parseConditional(p);
      const { token } = p;
      if (token.kind !== 'punct') return target;
      if (token.text === '=') {
        p.advance();
        return checkAssign(p.context, target, parseAssignment(p), token.loc);
      }
      const op = Object.hasOwn(COMPOUND, token.text) ? COMPOUND[token.text] : undefined;
      if (!op) return target;
      p.advance();
      return checkCompoundAssign(p.context, op, target, parseAssignment(p), token.loc);
    },
    () => tooDeep(p),
  );
}

/** A constant expression's grammar: no assignment, no comma. Whether it is constant is for the caller to ask. */
export const parseConstant = (p: Parser): Expr => parseConditional(p);

function parseConditional(p: Parser): Expr {
  const test = parseBinary(p, 1);
  if (!p.is('?')) return test;
  const at = p.advance().loc;
  return p.nest(
    () => {
      if (p.accept(':')) {
        const value = condition(p.context, test);
        if (isError(value)) return value;
        const shared: Expr = {
          kind: 'shared',
          operand: value,
          type: value.type,
          range: value.range,
          loc: value.loc,
        };
        return checkConditional(
          p.context,
          value.kind === 'int' ? value : shared,
          value.kind === 'int' ? value : shared,
          parseConditional(p),
          at,
        );
      }
      const then = parseExpression(p);
      if (!p.expect(':')) return errorExpr(p.since(test.range.start));
      return checkConditional(p.context, test, then, parseConditional(p), at);
    },
    () => tooDeep(p),
  );
}

function combine(p: Parser, op: string, left: Expr, right: Expr, at: Loc): Expr {
  if (op === '&&' || op === '||') return checkLogical(p.context, op, left, right, at);
  if (COMPARES.has(op)) return checkCompare(p.context, op as CompareOp, left, right, at);
  return checkArithmetic(p.context, op as ArithmeticOp, left, right, at);
}

/** Leaves in `p.operator` which operator the whole is. */
function parseBinary(p: Parser, least: number): Expr {
  const first = p.token;
  let left = parseUnary(p);
  let operator: Operand['operator'] = null;
  for (let n = 0; ; n++) {
    const { token } = p;
    const precedence = precedenceOf(token);
    if (precedence < least || precedence === 0) {
      p.operator = operator;
      return left;
    }
    p.advance();
    const right = parseBinary(p, precedence + 1);
    const negated = operator === null && first.text === '!' && first.kind === 'punct' ? first.loc : null;
    if (operator !== null || p.operator !== null || negated !== null)
      checkPrecedence(
        p.context,
        token,
        { expr: left, operator },
        { expr: right, operator: p.operator },
        negated,
      );
    operator = token;
    left = n < MAX_CHAIN ? combine(p, token.text, left, right, token.loc) : reportChain(p, token.loc);
  }
}

/** A cast, a prefix operator, or a postfix expression. */
export function parseUnary(p: Parser): Expr {
  return p.nest(
    () => unary(p),
    () => tooDeep(p),
  );
}

function unary(p: Parser): Expr {
  const { token } = p;
  if (token.kind === 'punct') {
    switch (token.text) {
      case '(':
        if (startsType(p, 1)) return parseCast(p);
        break;
      case '*':
        p.advance();
        return checkDeref(p.context, parseUnary(p), p.since(token.loc));
      case '&':
        p.advance();
        return checkAddressOf(p.context, parseUnary(p), p.since(token.loc));
      case '-':
      case '+':
      case '~':
      case '!':
        p.advance();
        return checkUnary(p.context, token.text, parseUnary(p), p.since(token.loc));
      case '++':
      case '--':
        p.advance();
        return checkIncDec(p.context, token.text, true, parseUnary(p), p.since(token.loc));
      case '&&': {
        p.advance();
        p.advance();
        p.context.error(p.since(token.loc), 'the address of a label is not supported in BPF programs');
        return errorExpr(p.since(token.loc));
      }
    }
  } else if (token.kind === 'identifier') {
    if (token.text === 'sizeof') return parseSizeof(p);
    if (token.text === '_Alignof' || token.text === '__alignof__' || token.text === '__alignof')
      return parseAlignof(p);
    if (token.text === '__extension__') {
      p.advance();
      return parseUnary(p);
    }
  }
  return parsePostfix(p);
}

/** `(type)x` or the compound literal `(type){ ... }`. */
function parseCast(p: Parser): Expr {
  const start = p.advance().loc;
  const type = parseTypeName(p);
  if (!p.expect(')')) return errorExpr(p.since(start));
  if (p.is('{')) return parsePostfix(p, compoundLiteral(p, type, start));
  const operand = parseUnary(p);
  return explicitCast(p.context, type, operand, p.since(start));
}

function compoundLiteral(p: Parser, type: CType, start: Loc): Expr {
  const { context } = p;
  const syntax = parseInitList(p);
  const range = p.since(start);
  const checked = checkInitializer(context, type, syntax);
  if (C.sizeOf(checked.type) === null || C.isVoid(type)) {
    context.error(range, `compound literal has incomplete type '${typeText(type)}'`);
    return errorExpr(range);
  }
  const isLocal = context.function !== null;
  const symbol: VarSymbol = {
    kind: 'var',
    name: '',
    type: checked.type,
    storage: isLocal ? 'local' : 'static',
    attributes: NO_SYMBOL_ATTRIBUTES,
    owner: null,
    init: checked.init,
    cleanup: null,
    helper: null,
    builtin: false,
    range,
    referenced: true,
  };
  if (!isLocal) {
    requireConstant(context, symbol);
    context.variables.push(symbol);
  }
  return { kind: 'compound_literal', symbol, type: checked.type, range, loc: start };
}

/** The operand of sizeof and _Alignof: a type, or what has one. */
function parseOperand(p: Parser): { type: CType | null; expr: Expr | null } {
  const { context } = p;
  context.unevaluated++;
  let type: CType | null;
  let expr: Expr | null = null;
  if (p.is('(') && startsType(p, 1)) {
    const start = p.advance().loc;
    type = parseTypeName(p);
    p.expect(')');
    if (p.is('{')) type = parsePostfix(p, compoundLiteral(p, type, start)).type;
  } else {
    expr = parseUnary(p);
    type = isError(expr) ? null : expr.type;
    if (expr.kind === 'member' && expr.bitSize !== null) context.error(expr.range, 'sizeof of a bit-field');
  }
  context.unevaluated--;
  return { type, expr };
}

function parseSizeof(p: Parser): Expr {
  const start = p.advance().loc;
  const { type, expr } = parseOperand(p);
  const range = p.since(start);
  if (type === null) return errorExpr(range);
  const size = C.sizeOf(type);
  if (size === null) {
    p.context.error(
      range,
      `sizeof of an incomplete type '${typeText(type)}'`,
      p.context.incompleteNote(type),
    );
    return errorExpr(range);
  }
  return { ...intExpr(BigInt(size), C.ULONG, range), measured: { type, expr } };
}

function parseAlignof(p: Parser): Expr {
  const start = p.advance().loc;
  const { type } = parseOperand(p);
  const range = p.since(start);
  return type === null ? errorExpr(range) : intExpr(BigInt(C.alignOf(type)), C.ULONG, range);
}

/** An expression as a value. */
export const parseValue = (p: Parser): Expr => rvalue(parseExpression(p));
