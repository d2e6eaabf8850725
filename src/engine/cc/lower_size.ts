/**
 * About how many instructions statements become once calls are inlined: what decides how often a loop can be
 * unrolled before anything of it is lowered. Variables are taken to be in registers.
 */
import type { Expr, FuncSymbol, Stmt } from './ast.ts';
import { initialValues, partsOf } from './ast_parts.ts';
import { qualifiersOf } from './ctype.ts';
import { unrolling } from './lower_unroll.ts';

/** Is the callee's body taken along? */
const isInlined = ({ definition, storage, attributes }: FuncSymbol): boolean =>
  definition !== null &&
  (attributes.alwaysInline || (storage === 'static' && !attributes.noinline && attributes.section === null));

/** Instructions that read or write a place. */
const accesses = (place: Expr): 0 | 1 =>
  place.kind === 'ref' && !qualifiersOf(place.type).isVolatile ? 0 : 1;

export class Sizes {
  private readonly functions = new Map<FuncSymbol, number>();
  private readonly statements = new Map<Stmt, number>();

  /** In instructions, roughly. */
  of(stmt: Stmt): number {
    const known = this.statements.get(stmt);
    if (known !== undefined) return known;
    const size = this.statement(stmt);
    this.statements.set(stmt, size);
    return size;
  }

  private all(stmts: readonly Stmt[]): number {
    return stmts.reduce((sum, stmt) => sum + this.of(stmt), 0);
  }

  private statement(stmt: Stmt): number {
    switch (stmt.kind) {
      case 'block':
        return this.all(stmt.body);
      case 'decl':
        return initialValues(stmt.symbol.init).reduce((sum, value) => sum + this.expr(value), 0);
      case 'expr':
        return this.expr(stmt.expr);
      case 'if':
        return (
          1 + this.expr(stmt.condition) + this.all([stmt.then, ...(stmt.otherwise ? [stmt.otherwise] : [])])
        );
      case 'for':
        return this.all(stmt.init) + this.loop(stmt, [stmt.condition, stmt.step]);
      case 'while':
      case 'do':
        return this.loop(stmt, [stmt.condition]);
      case 'switch':
        return stmt.cases.length + this.expr(stmt.condition) + this.of(stmt.body);
      case 'case':
      case 'default':
      case 'label':
        return this.of(stmt.body);
      case 'return':
        return 1 + (stmt.value ? this.expr(stmt.value) : 0);
      case 'break':
      case 'continue':
      case 'goto':
      case 'asm':
        return 1;
      case 'empty':
        return 0;
    }
  }

  private loop(stmt: Extract<Stmt, { readonly unroll: unknown }>, parts: readonly (Expr | null)[]): number {
    const round = parts.reduce((sum, part) => sum + (part ? this.expr(part) : 0), this.of(stmt.body));
    return round * unrolling(stmt, this).copies;
  }

  private expr(expr: Expr): number {
    const inner = partsOf(expr).reduce((sum, part) => sum + this.expr(part), 0);
    switch (expr.kind) {
      case 'cast':
        return inner + (expr.cast === 'load' ? accesses(expr.operand) : 0);
      case 'assign':
        return inner + accesses(expr.target);
      case 'compound_assign':
      case 'inc_dec':
        return inner + 1 + 2 * accesses(expr.target);
      case 'binary':
      case 'compare':
      case 'logical':
      case 'unary':
      case 'index':
      case 'pointer_add':
      case 'pointer_diff':
        return inner + 1;
      case 'conditional':
      case 'builtin':
        return inner + 2;
      case 'stmt_expr':
        return inner + this.all(expr.body.body) + (expr.result ? this.expr(expr.result) : 0);
      case 'call':
        return (
          inner + (expr.callee.kind === 'function' ? this.call(expr.callee.symbol) : expr.args.length + 1)
        );
      default:
        return inner;
    }
  }

  private call(symbol: FuncSymbol): number {
    const { definition, signature } = symbol;
    if (!definition || !isInlined(symbol)) return signature.params.length + 1;
    const known = this.functions.get(symbol);
    if (known !== undefined) return known;
    // Who calls itself is not inlined.
    this.functions.set(symbol, 1);
    const size = this.of(definition.body);
    this.functions.set(symbol, size);
    return size;
  }
}
