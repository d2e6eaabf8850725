/**
 * Follows control through the body of a function for what compilers warn of under -Wall: scalar variables that
 * are read and on no way there were given a value, and how often a variable is only stored to.
 *
 * A state holds the variables without a value yet: `never` where no way has given one, `maybe` where some has; null
 * where control does not come. Variables whose address is taken count as having a value from there on, and behind
 * a label everything has.
 */
import type { Expr, RefExpr, Stmt, VarSymbol } from './ast.ts';
import { initialValues, partsOf } from './ast_parts.ts';
import { evaluateInt } from './const_eval.ts';
import { isScalar, qualifiersOf } from './ctype.ts';
import type { Range } from './source.ts';

type State = Map<VarSymbol, 'never' | 'maybe'>;

/** What was found out about a body. */
export interface FlowFindings {
  /** First reads of variables that have no value. */
  readonly unset: readonly { readonly symbol: VarSymbol; readonly range: Range }[];
  /** `x = x` */
  readonly itself: readonly { readonly symbol: VarSymbol; readonly range: Range }[];
  /** How often a variable is stored to by an expression whose value nobody uses. */
  readonly stores: ReadonlyMap<VarSymbol, number>;
}

function merge(a: State | null, b: State | null): State | null {
  if (!a || !b) return a ?? b;
  const both: State = new Map();
  for (const symbol of new Set([...a.keys(), ...b.keys()]))
    both.set(symbol, a.get(symbol) === 'never' && b.get(symbol) === 'never' ? 'never' : 'maybe');
  return both;
}

const copyOf = (state: State | null): State | null => state && new Map(state);

const variableOf = (expr: Expr): VarSymbol | null =>
  expr.kind === 'ref' && expr.symbol.kind === 'var' ? expr.symbol : null;

const read = (expr: Expr): RefExpr | null =>
  expr.kind === 'cast' && expr.cast === 'load' && expr.operand.kind === 'ref' ? expr.operand : null;

/** A loop or switch: what arrives behind it by `break`, and at its next round by `continue`. */
interface Way {
  breaks: State | null;
  continues: State | null;
}

class Flow {
  readonly unset: { symbol: VarSymbol; range: Range }[] = [];
  readonly itself: { symbol: VarSymbol; range: Range }[] = [];
  readonly stores = new Map<VarSymbol, number>();
  private state: State | null = new Map();
  private readonly ways: Way[] = [];
  private readonly entries: (State | null)[] = [];

  private known(expr: Expr): boolean | null {
    const value = evaluateInt(expr);
    return value === null ? null : value !== 0n;
  }

  private given(symbol: VarSymbol | null): void {
    if (symbol) this.state?.delete(symbol);
  }

  /** The value of an expression statement, and of what stands to the left of a comma, is dropped. */
  private dropped(expr: Expr): void {
    // `(void)x` only says that x is meant to be unused.
    if (expr.kind === 'cast' && expr.cast === 'to_void')
      return read(expr.operand) || expr.operand.kind === 'ref' ? undefined : this.dropped(expr.operand);
    const isStore = expr.kind === 'assign' || expr.kind === 'compound_assign' || expr.kind === 'inc_dec';
    const symbol = isStore ? variableOf(expr.target) : null;
    const counts = symbol && (expr.kind === 'assign' || !qualifiersOf(symbol.type).isVolatile);
    if (counts) this.stores.set(symbol, (this.stores.get(symbol) ?? 0) + 1);
    this.expr(expr);
  }

  private expr(expr: Expr): void {
    const loaded = read(expr);
    if (loaded?.symbol.kind === 'var') {
      const { symbol } = loaded;
      if (this.state?.get(symbol) === 'never') this.unset.push({ symbol, range: loaded.range });
      return this.given(symbol);
    }
    switch (expr.kind) {
      case 'ref':
        return this.given(variableOf(expr));
      case 'assign': {
        const target = variableOf(expr.target);
        const from = read(expr.value);
        if (target && from?.symbol === target) {
          this.itself.push({ symbol: target, range: { start: expr.loc, end: expr.loc + 1 } });
          return;
        }
        this.expr(expr.value);
        return target ? this.given(target) : this.expr(expr.target);
      }
      case 'compound_assign':
      case 'inc_dec': {
        if (expr.kind === 'compound_assign') this.expr(expr.value);
        const target = variableOf(expr.target);
        if (!target) return this.expr(expr.target);
        if (this.state?.get(target) === 'never')
          this.unset.push({ symbol: target, range: expr.target.range });
        return this.given(target);
      }
      case 'logical': {
        this.expr(expr.left);
        const left = this.known(expr.left);
        const skipped = copyOf(this.state);
        if (left !== null && left !== (expr.op === '&&')) return;
        this.expr(expr.right);
        this.state = merge(this.state, left === null ? skipped : null);
        return;
      }
      case 'conditional':
        this.expr(expr.condition);
        return this.choose(
          this.known(expr.condition),
          () => this.expr(expr.then),
          () => this.expr(expr.otherwise),
        );
      case 'comma':
        this.dropped(expr.left);
        return this.expr(expr.right);
      case 'stmt_expr':
        this.all(expr.body.body);
        if (expr.result) this.expr(expr.result);
        return;
      case 'call': {
        partsOf(expr).forEach((part) => this.expr(part));
        const { callee } = expr;
        if (callee.kind === 'function' && callee.symbol.attributes.noreturn) this.state = null;
        return;
      }
      default:
        partsOf(expr).forEach((part) => this.expr(part));
        if (expr.kind === 'builtin' && (expr.builtin.name === 'unreachable' || expr.builtin.name === 'trap'))
          this.state = null;
    }
  }

  private choose(known: boolean | null, yes: () => void, no: () => void): void {
    const before = this.state;
    this.state = known === false ? null : copyOf(before);
    yes();
    const after = this.state;
    this.state = known === true ? null : copyOf(before);
    no();
    this.state = merge(after, this.state);
  }

  /** What a round of the loop may give a value has one, perhaps, where the next round begins. */
  private round(...parts: readonly (Stmt | Expr | null)[]): void {
    if (!this.state || this.state.size === 0) return;
    const given = new Set<VarSymbol>();
    const look = (node: unknown): void => {
      if (Array.isArray(node)) return node.forEach(look);
      if (typeof node !== 'object' || node === null) return;
      if ('symbol' in node && 'kind' in node && node.kind === 'ref') {
        given.add(node.symbol as VarSymbol);
        return;
      }
      for (const [name, part] of Object.entries(node))
        if (name !== 'type' && name !== 'symbol' && name !== 'callee' && name !== 'signature') look(part);
    };
    parts.forEach(look);
    for (const symbol of given) if (this.state.has(symbol)) this.state.set(symbol, 'maybe');
  }

  private loop(body: Stmt): Way {
    const way: Way = { breaks: null, continues: null };
    this.ways.push(way);
    this.stmt(body);
    this.ways.pop();
    this.state = merge(this.state, way.continues);
    return way;
  }

  private all(stmts: readonly Stmt[]): void {
    stmts.forEach((stmt) => this.stmt(stmt));
  }

  stmt(stmt: Stmt): void {
    switch (stmt.kind) {
      case 'block':
        return this.all(stmt.body);
      case 'decl': {
        const { symbol } = stmt;
        initialValues(symbol.init).forEach((value) => this.expr(value));
        if (!symbol.init && isScalar(symbol.type)) this.state?.set(symbol, 'never');
        return;
      }
      case 'expr':
        return this.dropped(stmt.expr);
      case 'if':
        this.expr(stmt.condition);
        return this.choose(
          this.known(stmt.condition),
          () => this.stmt(stmt.then),
          () => stmt.otherwise && this.stmt(stmt.otherwise),
        );
      case 'while':
      case 'for': {
        if (stmt.kind === 'for') this.all(stmt.init);
        this.round(stmt.condition, stmt.body, stmt.kind === 'for' ? stmt.step : null);
        if (stmt.condition) this.expr(stmt.condition);
        const known = stmt.condition === null ? true : this.known(stmt.condition);
        const left = known === true ? null : copyOf(this.state);
        if (known === false) this.state = null;
        const { breaks } = this.loop(stmt.body);
        if (stmt.kind === 'for' && stmt.step) this.dropped(stmt.step);
        this.state = merge(left, breaks);
        return;
      }
      case 'do': {
        this.round(stmt.body, stmt.condition);
        const { breaks } = this.loop(stmt.body);
        this.expr(stmt.condition);
        if (this.known(stmt.condition) === true) this.state = null;
        this.state = merge(this.state, breaks);
        return;
      }
      case 'switch': {
        this.expr(stmt.condition);
        const way: Way = { breaks: null, continues: null };
        this.ways.push(way);
        this.entries.push(this.state);
        const past = stmt.defaultCase ? null : copyOf(this.state);
        this.state = null;
        this.stmt(stmt.body);
        this.entries.pop();
        this.ways.pop();
        const around = this.ways.at(-1);
        if (around) around.continues = merge(around.continues, way.continues);
        this.state = merge(merge(this.state, way.breaks), past);
        return;
      }
      case 'case':
      case 'default':
        this.state = merge(this.state, copyOf(this.entries.at(-1) ?? null));
        return this.stmt(stmt.body);
      case 'break':
      case 'continue': {
        const way = this.ways.at(-1);
        const to = stmt.kind === 'break' ? 'breaks' : 'continues';
        if (way) way[to] = merge(way[to], this.state);
        this.state = null;
        return;
      }
      case 'label':
        this.state = new Map();
        return this.stmt(stmt.body);
      case 'goto':
        this.state = null;
        return;
      case 'return':
        if (stmt.value) this.expr(stmt.value);
        this.state = null;
        return;
      case 'asm':
        stmt.inputs.forEach(({ expr }) => this.expr(expr));
        stmt.outputs.forEach(({ expr }) => this.expr(expr));
        if (stmt.labels.length > 0) this.state = new Map();
        return;
      case 'empty':
    }
  }
}

export function followFlow(body: Stmt): FlowFindings {
  const flow = new Flow();
  flow.stmt(body);
  return flow;
}
