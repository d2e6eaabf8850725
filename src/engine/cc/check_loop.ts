/**
 * Loops whose counter does not go where their condition looks: clang's -Wfor-loop-analysis, in its words. Either
 * no variable of the condition ever changes, or one is stepped twice in each round.
 */
import type { Expr, Stmt, VarSymbol } from './ast.ts';
import { initialValues, partsOf } from './ast_parts.ts';
import type { Context } from './check_context.ts';
import { qualifiersOf } from './ctype.ts';
import type { Range } from './source.ts';

type ForStmt = Extract<Stmt, { kind: 'for' }>;

/** The variables that a condition reads, each where it stands first; null when it does more than compute with them. */
function variablesOf(condition: Expr): Map<VarSymbol, Range> | null {
  const found = new Map<VarSymbol, Range>();
  const isSimple = (expr: Expr): boolean => {
    switch (expr.kind) {
      case 'ref':
        if (expr.symbol.kind === 'var' && !found.has(expr.symbol)) found.set(expr.symbol, expr.range);
        return true;
      case 'int':
        return true;
      case 'cast':
      case 'unary':
      case 'inc_dec':
      case 'binary':
      case 'compare':
      case 'logical':
      case 'comma':
      case 'conditional':
      case 'assign':
      case 'compound_assign':
        return partsOf(expr).every(isSimple);
      default:
        return false;
    }
  };
  return isSimple(condition) ? found : null;
}

/** May a part of the loop change one of the variables, or leave the loop? */
class Change {
  private readonly variables: ReadonlyMap<VarSymbol, Range>;

  constructor(variables: ReadonlyMap<VarSymbol, Range>) {
    this.variables = variables;
  }

  inExpr(expr: Expr | null): boolean {
    if (!expr) return false;
    // Only reads it.
    if (expr.kind === 'cast' && expr.cast === 'load' && expr.operand.kind === 'ref') return false;
    if (expr.kind === 'ref') return expr.symbol.kind === 'var' && this.variables.has(expr.symbol);
    if (expr.kind === 'stmt_expr') return this.inAll(expr.body.body) || this.inExpr(expr.result);
    return partsOf(expr).some((part) => this.inExpr(part));
  }

  private inAll(stmts: readonly Stmt[]): boolean {
    return stmts.some((stmt) => this.inStmt(stmt));
  }

  inStmt(stmt: Stmt | null): boolean {
    switch (stmt?.kind) {
      case 'return':
      case 'break':
      case 'goto':
        return true;
      case 'block':
        return this.inAll(stmt.body);
      case 'decl':
        return initialValues(stmt.symbol.init).some((value) => this.inExpr(value));
      case 'expr':
        return this.inExpr(stmt.expr);
      case 'if':
        return this.inExpr(stmt.condition) || this.inStmt(stmt.then) || this.inStmt(stmt.otherwise);
      case 'while':
      case 'do':
      case 'switch':
        return this.inExpr(stmt.condition) || this.inStmt(stmt.body);
      case 'for':
        return (
          this.inAll(stmt.init) ||
          this.inExpr(stmt.condition) ||
          this.inExpr(stmt.step) ||
          this.inStmt(stmt.body)
        );
      case 'case':
      case 'default':
      case 'label':
        return this.inStmt(stmt.body);
      case 'asm':
        return (
          stmt.labels.length > 0 || [...stmt.outputs, ...stmt.inputs].some(({ expr }) => this.inExpr(expr))
        );
      default:
        return false;
    }
  }
}

/** `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'` */
function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`);
  const last = quoted.at(-1) ?? '';
  if (quoted.length < 3) return quoted.join(' and ');
  return `${quoted.slice(0, -1).join(', ')}, and ${last}`;
}

function checkCondition(context: Context, { condition, step, body }: ForStmt): void {
  const variables = condition && variablesOf(condition);
  const [first] = variables?.values() ?? [];
  if (!variables || !first) return;
  const symbols = [...variables.keys()];
  const isLocal = ({ storage }: VarSymbol): boolean => storage === 'local' || storage === 'param';
  if (symbols.some((symbol) => !isLocal(symbol) || qualifiersOf(symbol.type).isVolatile)) return;
  const change = new Change(variables);
  if (change.inExpr(condition) || change.inExpr(step) || change.inStmt(body)) return;
  const names = symbols.length > 4 ? '' : ` ${listed(symbols.map(({ name }) => name))}`;
  const message = `variable${symbols.length > 1 ? 's' : ''}${names} used in loop condition not modified in loop body`;
  context.warning('for-loop-analysis', first, message);
}

/** `i++` or `--i` of a variable. */
function stepOf(expr: Expr | null): { op: string; symbol: VarSymbol; range: Range } | null {
  if (expr?.kind !== 'inc_dec' || expr.target.kind !== 'ref') return null;
  const { symbol } = expr.target;
  return symbol.kind === 'var' ? { op: expr.op, symbol, range: expr.target.range } : null;
}

/** Is there a `continue` that goes on with this loop? */
function continues(stmt: Stmt | null): boolean {
  switch (stmt?.kind) {
    case 'continue':
      return true;
    case 'block':
      return stmt.body.some(continues);
    case 'if':
      return continues(stmt.then) || continues(stmt.otherwise);
    case 'switch':
    case 'case':
    case 'default':
    case 'label':
      return continues(stmt.body);
    default:
      return false;
  }
}

function checkStep(context: Context, { step, body }: ForStmt): void {
  const last = body.kind === 'block' ? body.body.at(-1) : undefined;
  const head = stepOf(step);
  const again = last?.kind === 'expr' ? stepOf(last.expr) : null;
  if (!head || !again || head.op !== again.op || head.symbol !== again.symbol || continues(body)) return;
  const done = head.op === '++' ? 'incremented' : 'decremented';
  context.warning(
    'for-loop-analysis',
    again.range,
    `variable '${head.symbol.name}' is ${done} both in the loop header and in the loop body`,
    [{ message: `${done} here`, range: head.range }],
  );
}

export function checkLoop(context: Context, loop: ForStmt): void {
  checkCondition(context, loop);
  checkStep(context, loop);
}
