/** What an expression is made of: the expressions in it that are evaluated, in C's order where it has one. */
import type { Builtin, CallExpr, Expr, Initializer } from './ast.ts';

const PLACES: readonly (keyof Extract<Builtin, { name: 'atomic_cas' }>)[] = [
  'pointer',
  'expected',
  'desired',
];
/** Fields of builtins that hold an operand. */
const OPERANDS = ['dst', 'src', 'left', 'right', 'operand', 'value', 'size', 'result', ...PLACES];

/** Their operands are not evaluated. */
const UNEVALUATED: ReadonlySet<Builtin['name']> = new Set<Builtin['name']>([
  'preserve_field_info',
  'preserve_type_info',
  'preserve_enum_value',
  'btf_type_id',
  'constant_p',
]);

const isExpr = (part: unknown): part is Expr => typeof part === 'object' && part !== null && 'kind' in part;

function builtinParts(builtin: Builtin): readonly Expr[] {
  if (UNEVALUATED.has(builtin.name)) return [];
  const fields = new Map<string, unknown>(Object.entries(builtin));
  return OPERANDS.map((name) => fields.get(name)).filter(isExpr);
}

const callParts = ({ callee, args }: CallExpr): readonly Expr[] =>
  callee.kind === 'indirect' ? [callee.pointer, ...args] : args;

export const initialValues = (init: Initializer | null): readonly Expr[] =>
  init === null ? [] : init.kind === 'value' ? [init.value] : init.entries.map(({ value }) => value);

/** The body of a statement expression is not among its parts: it holds statements. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'deref':
    case 'address_of':
    case 'cast':
    case 'unary':
    case 'shared':
      return [expr.operand];
    case 'index':
      return [expr.base, expr.index];
    case 'member':
      return [expr.base];
    case 'inc_dec':
      return [expr.target];
    case 'binary':
    case 'pointer_diff':
    case 'compare':
    case 'logical':
    case 'comma':
      return [expr.left, expr.right];
    case 'pointer_add':
      return [expr.pointer, expr.index];
    case 'conditional':
      return [expr.condition, expr.then, expr.otherwise];
    case 'assign':
    case 'compound_assign':
      return [expr.value, expr.target];
    case 'call':
      return callParts(expr);
    case 'compound_literal':
      return initialValues(expr.symbol.init);
    case 'builtin':
      return builtinParts(expr.builtin);
    case 'int':
    case 'string':
    case 'ref':
    case 'stmt_expr':
    case 'error':
      return [];
  }
}
