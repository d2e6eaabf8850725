/** Variables that one expression changes and uses in an order that C leaves open: clang's -Wunsequenced. */
import type { Expr, VarSymbol } from './ast.ts';
import { partsOf } from './ast_parts.ts';
import type { Range } from './source.ts';

/** What evaluating an expression does to variables, and where. */
interface Effects {
  readonly reads: ReadonlyMap<VarSymbol, Range>;
  readonly writes: ReadonlyMap<VarSymbol, Range>;
}
const NOTHING: Effects = { reads: new Map(), writes: new Map() };

export interface Unsequenced {
  readonly range: Range;
  readonly message: string;
}

const variableOf = (expr: Expr): VarSymbol | null =>
  expr.kind === 'ref' && expr.symbol.kind === 'var' ? expr.symbol : null;

const together = (all: readonly Effects[]): Effects => ({
  reads: new Map(all.flatMap(({ reads }) => [...reads])),
  writes: new Map(all.flatMap(({ writes }) => [...writes])),
});

class Sequence {
  readonly found: Unsequenced[] = [];

  private tell(range: Range, name: string, what: string): void {
    this.found.push({ range, message: `${what} to '${name}'` });
  }

  /** Nobody knows which of them comes first. */
  private unordered(all: readonly Effects[]): Effects {
    for (const [i, one] of all.entries())
      for (const other of all.slice(i + 1)) {
        for (const [{ name }, range] of [...one.writes].filter(([symbol]) => other.writes.has(symbol)))
          this.tell(range, name, 'multiple unsequenced modifications');
        for (const [a, b] of [
          [one, other],
          [other, one],
        ] as const)
          for (const [symbol, range] of a.writes)
            if (b.reads.has(symbol) && !b.writes.has(symbol))
              this.tell(range, symbol.name, 'unsequenced modification and access');
      }
    return together(all);
  }

  /** Behind the values of its operands, but not behind what else they do. */
  private store(target: Expr, operands: Effects, range: Range): Effects {
    const symbol = variableOf(target);
    if (!symbol) return operands;
    if (operands.writes.has(symbol)) this.tell(range, symbol.name, 'multiple unsequenced modifications');
    return together([operands, { reads: new Map(), writes: new Map([[symbol, range]]) }]);
  }

  visit(expr: Expr): Effects {
    switch (expr.kind) {
      case 'cast': {
        const symbol = expr.cast === 'load' ? variableOf(expr.operand) : null;
        return symbol
          ? { reads: new Map([[symbol, expr.range]]), writes: new Map() }
          : this.visit(expr.operand);
      }
      case 'assign':
      case 'compound_assign':
        return this.store(
          expr.target,
          this.unordered([this.visit(expr.value), this.visit(expr.target)]),
          expr.range,
        );
      case 'inc_dec':
        return this.store(expr.target, this.visit(expr.target), expr.range);
      case 'logical':
      case 'comma':
      case 'conditional':
        return together(partsOf(expr).map((part) => this.visit(part)));
      case 'stmt_expr':
        return NOTHING;
      default: {
        const parts = partsOf(expr);
        const [only] = parts;
        return parts.length === 1 && only
          ? this.visit(only)
          : this.unordered(parts.map((part) => this.visit(part)));
      }
    }
  }
}

/** Looks at an expression that is no part of another. */
export function unsequencedIn(expr: Expr): readonly Unsequenced[] {
  const sequence = new Sequence();
  sequence.visit(expr);
  return sequence.found;
}
