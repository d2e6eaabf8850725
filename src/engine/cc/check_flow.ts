/**
 * Follows control through the body of a function for what compilers warn of under -Wall: scalar variables that
 * are read and on no way there were given a value, and how often a variable is only stored to.
 *
 * A state holds the variables without a value yet; null where control does not come. `sure`: no way here has given
 * it one. Then `cause` is the last turn after which all ways lead here; else it is a turn that leads here without
 * fail and without a value, which is what -Wsometimes-uninitialized tells. Variables whose address is taken count
 * as having a value from there on, and behind a label everything has.
 */
import type { Expr, RefExpr, Stmt, VarSymbol } from './ast.ts';
import { initialValues, partsOf } from './ast_parts.ts';
import { unsequencedIn } from './check_sequence.ts';
import type { Unsequenced } from './check_sequence.ts';
import { evaluateInt } from './const_eval.ts';
import { isScalar, qualifiersOf } from './ctype.ts';
import type { Range } from './source.ts';

/** A turn of control: the condition, and the words for the way it takes. */
export interface Turn {
  readonly range: Range;
  readonly text: string;
}
interface Unset {
  readonly sure: boolean;
  readonly cause: Turn | null;
}
type State = Map<VarSymbol, Unset>;

const NEVER: Unset = { sure: true, cause: null };
const MAYBE: Unset = { sure: false, cause: null };

interface UnsetRead {
  readonly symbol: VarSymbol;
  readonly range: Range;
  readonly turn: Turn | null;
}

/** What was found out about a body. */
export interface FlowFindings {
  /** First reads of variables that have no value; `turn`: only behind that one. */
  readonly unset: readonly UnsetRead[];
  readonly unsequenced: readonly Unsequenced[];
  /** `x = x` */
  readonly itself: readonly { readonly symbol: VarSymbol; readonly range: Range }[];
  /** How often a variable is stored to by an expression whose value nobody uses. */
  readonly stores: ReadonlyMap<VarSymbol, number>;
}

/** Where two ways meet. @param turns what led into each of them */
function merge(a: State | null, b: State | null, ...turns: readonly (Turn | null)[]): State | null {
  const [first = null, second = null] = turns;
  if (!a || !b) return turned(a ?? b, a ? first : second);
  const both: State = new Map();
  for (const symbol of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(symbol), b.get(symbol)];
    if (x?.sure && y?.sure) both.set(symbol, NEVER);
    else both.set(symbol, { sure: false, cause: causeOf(x, first) ?? causeOf(y, second) });
  }
  return both;
}

const causeOf = (unset: Unset | undefined, turn: Turn | null): Turn | null =>
  unset ? (unset.cause ?? (unset.sure ? turn : null)) : null;

/** The other way has left: from this turn on all comes here. */
function turned(state: State | null, turn: Turn | null): State | null {
  if (!state || !turn || state.size === 0) return state;
  return new Map(Array.from(state, ([symbol, unset]) => [symbol, { ...unset, cause: causeOf(unset, turn) }]));
}

const copyOf = (state: State | null): State | null => state && new Map(state);
/** As it is behind a turn: what was a cause before need not lead to what stands here. */
const behindTurn = (state: State | null): State | null =>
  state && new Map(Array.from(state, ([symbol, { sure }]) => [symbol, sure ? NEVER : MAYBE]));

const variableOf = (expr: Expr): VarSymbol | null =>
  expr.kind === 'ref' && expr.symbol.kind === 'var' ? expr.symbol : null;

const read = (expr: Expr): RefExpr | null =>
  expr.kind === 'cast' && expr.cast === 'load' && expr.operand.kind === 'ref' ? expr.operand : null;

/** A loop or switch: what arrives behind it by `break`, and at its next round by `continue`. */
interface Way {
  breaks: State | null;
  continues: State | null;
  /** The turn that leads straight here: a case label of a switch, or the last condition. */
  label: Turn | null;
}

const wayOf = (): Way => ({ breaks: null, continues: null, label: null });
const turn = (range: Range, text: string): Turn => ({ range, text });

class Flow {
  readonly unsequenced: Unsequenced[] = [];
  /** How many variables the expression that is looked at has changed so far. */
  private changes = 0;
  private readonly reads = new Map<VarSymbol, UnsetRead>();
  readonly itself: { symbol: VarSymbol; range: Range }[] = [];
  readonly stores = new Map<VarSymbol, number>();
  private state: State | null = new Map();
  /** A round is gone through only to see what it leaves. */
  private isTrial = false;
  private readonly ways: Way[] = [];
  private readonly entries: (State | null)[] = [];

  get unset(): readonly UnsetRead[] {
    return [...this.reads.values()];
  }

  private known(expr: Expr): boolean | null {
    const value = evaluateInt(expr);
    return value === null ? null : value !== 0n;
  }

  /** Of each variable the first read counts, and one that never has a value before one that may have. */
  private readUnset(symbol: VarSymbol, range: Range): void {
    const unset = this.state?.get(symbol);
    if (!unset || this.isTrial || (!unset.sure && !unset.cause)) return;
    const before = this.reads.get(symbol);
    if (!before || (before.turn && unset.sure))
      this.reads.set(symbol, { symbol, range, turn: unset.sure ? null : unset.cause });
  }

  private given(symbol: VarSymbol | null): void {
    if (symbol) this.state?.delete(symbol);
  }

  /** An expression that is no part of another. @param least so many changes of variables are no matter */
  private whole(expr: Expr, least = 0, look = (): void => this.expr(expr)): void {
    const { changes } = this;
    this.changes = 0;
    look();
    if (this.changes > least && !this.isTrial) this.unsequenced.push(...unsequencedIn(expr));
    this.changes = changes;
  }

  /** The value of an expression statement, and of what stands to the left of a comma, is dropped. */
  private dropped(expr: Expr): void {
    // `(void)x` only says that x is meant to be unused.
    if (expr.kind === 'cast' && expr.cast === 'to_void')
      return read(expr.operand) || expr.operand.kind === 'ref' ? undefined : this.dropped(expr.operand);
    const isStore = expr.kind === 'assign' || expr.kind === 'compound_assign' || expr.kind === 'inc_dec';
    const symbol = isStore ? variableOf(expr.target) : null;
    const counts = symbol && (expr.kind === 'assign' || !qualifiersOf(symbol.type).isVolatile);
    if (counts && !this.isTrial) this.stores.set(symbol, (this.stores.get(symbol) ?? 0) + 1);
    this.expr(expr);
  }

  private expr(expr: Expr): void {
    const loaded = read(expr);
    if (loaded?.symbol.kind === 'var') {
      const { symbol } = loaded;
      this.readUnset(symbol, loaded.range);
      // Once is enough; another round finds it as it was.
      return this.isTrial ? undefined : this.given(symbol);
    }
    switch (expr.kind) {
      case 'ref':
        return this.given(variableOf(expr));
      case 'assign': {
        this.changes++;
        const target = variableOf(expr.target);
        const from = read(expr.value);
        if (target && from?.symbol === target) {
          if (!this.isTrial)
            this.itself.push({ symbol: target, range: { start: expr.loc, end: expr.loc + 1 } });
          return;
        }
        this.expr(expr.value);
        return target ? this.given(target) : this.expr(expr.target);
      }
      case 'compound_assign':
      case 'inc_dec': {
        this.changes++;
        if (expr.kind === 'compound_assign') this.expr(expr.value);
        const target = variableOf(expr.target);
        if (!target) return this.expr(expr.target);
        return this.readUnset(target, expr.target.range);
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
          expr.condition,
          '?:',
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

  private choose(condition: Expr, word: string, yes: () => void, no: () => void): void {
    const known = this.known(condition);
    const before = this.state;
    const way = this.ways.at(-1);
    const label = way?.label ?? null;
    const { range } = condition;
    const turns =
      known === null ? ['true', 'false'].map((which) => turn(range, `'${word}' condition is ${which}`)) : [];
    this.state = known === false ? null : behindTurn(before);
    if (way) way.label = turns[0] ?? null;
    yes();
    const after = this.state;
    this.state = known === true ? null : behindTurn(before);
    if (way) way.label = turns[1] ?? null;
    no();
    const otherwise = this.state;
    this.state = known === null ? merge(after, this.state, ...turns) : (after ?? this.state);
    if (way) way.label = after && otherwise ? label : null;
    // Neither way has given it a value, and both go on: what led here still does.
    for (const [symbol, { sure, cause }] of before ?? [])
      if (cause && after?.has(symbol) && otherwise?.has(symbol) && !this.state?.get(symbol)?.cause)
        this.state?.set(symbol, { sure, cause });
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
    for (const symbol of given) if (this.state.has(symbol)) this.state.set(symbol, MAYBE);
  }

  /** The state where a round begins, be it the first or another: found out by going through it once. */
  private head(pass: () => void, ...parts: readonly (Stmt | Expr | null)[]): void {
    const before = behindTurn(this.state);
    if (!before || before.size === 0 || this.isTrial) return this.round(...parts);
    this.isTrial = true;
    this.state = copyOf(before);
    pass();
    this.isTrial = false;
    this.state = merge(before, this.state);
  }

  private loop(body: Stmt): Way {
    const way = wayOf();
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
        if (isScalar(symbol.type) && symbol.storage === 'local') this.state?.set(symbol, NEVER);
        initialValues(symbol.init).forEach((value) => this.whole(value));
        if (symbol.init) this.given(symbol);
        return;
      }
      case 'expr':
        return this.whole(stmt.expr, 1, () => this.dropped(stmt.expr));
      case 'if':
        this.whole(stmt.condition);
        return this.choose(
          stmt.condition,
          'if',
          () => this.stmt(stmt.then),
          () => stmt.otherwise && this.stmt(stmt.otherwise),
        );
      case 'while':
      case 'for': {
        if (stmt.kind === 'for') this.all(stmt.init);
        const { condition } = stmt;
        const known = condition === null ? true : this.known(condition);
        const step = stmt.kind === 'for' ? stmt.step : null;
        let left: State | null = null;
        let breaks: State | null = null;
        const pass = (): void => {
          if (condition) this.whole(condition);
          left = known === true ? null : copyOf(this.state);
          this.state = known === false ? null : behindTurn(this.state);
          ({ breaks } = this.loop(stmt.body));
          if (step) this.dropped(step);
        };
        this.head(pass, condition, stmt.body, step);
        pass();
        const range = condition?.range ?? stmt.range;
        const text = `'${stmt.kind}' loop exits because its condition is false`;
        this.state = breaks ? merge(left, breaks, turn(range, text), null) : left;
        return;
      }
      case 'do': {
        let breaks: State | null = null;
        const pass = (): void => {
          ({ breaks } = this.loop(stmt.body));
          this.expr(stmt.condition);
        };
        this.head(pass, stmt.body, stmt.condition);
        pass();
        if (this.known(stmt.condition) === true) this.state = null;
        this.state = merge(this.state, breaks);
        return;
      }
      case 'switch': {
        this.expr(stmt.condition);
        const way = wayOf();
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
      case 'default': {
        const way = this.ways.at(-1);
        const isFall = this.state !== null;
        this.state = merge(this.state, copyOf(this.entries.at(-1) ?? null));
        const text = stmt.kind === 'case' ? 'switch case is taken' : 'switch default is taken';
        if (way) way.label = isFall ? null : turn(stmt.range, text);
        return this.stmt(stmt.body);
      }
      case 'break':
      case 'continue': {
        const way = this.ways.at(-1);
        const to = stmt.kind === 'break' ? 'breaks' : 'continues';
        if (way) way[to] = merge(way[to], turned(this.state, stmt.kind === 'break' ? way.label : null));
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
        if (stmt.value) this.whole(stmt.value);
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
