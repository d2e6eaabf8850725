/**
 * One function: statements, scopes and labels. Every variable is a slot here; mem2reg sees to the rest.
 *
 * Leaving a scope, by whatever way, runs the cleanup functions of its variables in reverse order and ends
 * the lives of their slots.
 */
import { must } from '../../shared/assert.ts';
import type {
  BlockStmt,
  CallExpr,
  CaseStmt,
  DefaultStmt,
  Expr,
  FuncSymbol,
  FunctionDef,
  Label,
  RefExpr,
  SharedExpr,
  Stmt,
  StmtExpr,
  SwitchStmt,
  VarSymbol,
} from './ast.ts';
import { alignOf, integerOf, isVoid, sizeOf } from './ctype.ts';
import type { CType } from './ctype.ts';
import type { Block, Inst, IrFunction, Slot, Width } from './ir.ts';
import { lowerAsm } from './lower_asm.ts';
import { Builder } from './lower_builder.ts';
import { lowerCondition, lowerEffect, lowerValue, widthOf } from './lower_expr.ts';
import { parameter } from './lower_abi.ts';
import { copyRecord, initialise } from './lower_memory.ts';
import { isRecord, lowerPlace, plainPlace, storePlace } from './lower_place.ts';
import type { Place } from './lower_place.ts';
import type { ModuleLowering } from './lower.ts';
import { passedSlots, withoutLife } from './lower_scope.ts';
import type { Jump, Scope } from './lower_scope.ts';
import { unrolling } from './lower_unroll.ts';
import type { Loop } from './lower_unroll.ts';
import type { Range } from './source.ts';

interface Target {
  readonly block: Block;
  /** Number of scopes that stay when control goes there. */
  readonly depth: number;
}

/** Unrolled loops in each other grow no further than this. */
const MOST_BLOCKS = 40_000;

export class Lowering {
  readonly module: ModuleLowering;
  readonly fn: IrFunction;
  readonly b: Builder;
  readonly shared = new Map<SharedExpr, Inst>();
  private readonly def: FunctionDef;
  private readonly slots = new Map<VarSymbol, Slot>();
  private readonly scopes: Scope[] = [];
  private readonly breaks: Target[] = [];
  private readonly continues: Target[] = [];
  private readonly labels = new Map<Label, { block: Block; owners: readonly object[] }>();
  private readonly cases = new Map<CaseStmt | DefaultStmt, Block>();
  private readonly jumps: Jump[] = [];
  /** The slots in scope at each label. */
  private readonly arrivals = new Map<object, readonly Slot[]>();
  private readonly exit: Block;
  private readonly result: Slot | null;

  constructor(module: ModuleLowering, fn: IrFunction, def: FunctionDef) {
    this.module = module;
    this.fn = fn;
    this.def = def;
    this.b = new Builder(fn);
    this.exit = fn.block();
    const type = def.symbol.signature.result;
    this.result = isVoid(type) || isRecord(type) ? null : fn.slot('', sizeOf(type) === 8 ? 8 : 4, 8);
  }

  value = (expr: Expr): Inst => lowerValue(this, expr);
  effect = (expr: Expr): void => lowerEffect(this, expr);
  recordAddress = (expr: Expr): Inst => lowerValue(this, expr);

  /** Reports what this compiler cannot do, and goes on with something harmless. */
  unsupported<T>(range: Range, what: string, instead: () => T): T {
    this.module.diagnostics.error(range, `${what} is not supported`);
    return instead();
  }

  noteManyArguments(expr: CallExpr): void {
    this.module.diagnostics.error(
      expr.range,
      'too many arguments: a BPF function takes at most 5, and they must fit in registers',
    );
  }

  stringAddress(bytes: Uint8Array): Inst {
    return this.fn.addr(this.module.string(bytes), 0);
  }

  functionAddress(symbol: FuncSymbol): Inst {
    return this.fn.addr(this.module.function(symbol), 0);
  }

  /** True when a place lies in a variable of the program. */
  isOwn(expr: Expr): boolean {
    switch (expr.kind) {
      case 'ref':
      case 'string':
      case 'compound_literal':
        return true;
      case 'member':
        return this.isOwn(expr.base);
      case 'index':
        return expr.base.kind === 'cast' && expr.base.cast === 'array_decay' && this.isOwn(expr.base.operand);
      default:
        return false;
    }
  }

  variablePlace(expr: RefExpr): Place {
    const { symbol } = expr;
    if (symbol.kind === 'func') return plainPlace(this.functionAddress(symbol), expr.type, true);
    return plainPlace(this.variableAddress(symbol), symbol.type, true);
  }

  private variableAddress(symbol: VarSymbol): Inst {
    if (symbol.storage !== 'local' && symbol.storage !== 'param')
      return this.fn.addr(this.module.variable(symbol), 0);
    return this.fn.frame(this.slotOf(symbol), 0);
  }

  private slotOf(symbol: VarSymbol): Slot {
    let slot = this.slots.get(symbol);
    if (!slot) {
      slot = this.fn.slot(symbol.name, sizeOf(symbol.type) ?? 0, this.alignOf(symbol), symbol);
      this.slots.set(symbol, slot);
    }
    return slot;
  }

  private alignOf(symbol: VarSymbol): number {
    return Math.max(symbol.attributes.aligned ?? 0, alignOf(symbol.type));
  }

  /** Memory that lives until the scope here ends. */
  scopedSlot(name: string, type: CType): Slot {
    const slot = this.fn.slot(name, sizeOf(type) ?? 0, alignOf(type));
    this.begin(slot);
    return slot;
  }

  /** Room for the arguments of one call that are not in registers. */
  blockSlot(size: number): Slot {
    const slot = this.fn.slot('arguments', size, 8);
    this.begin(slot);
    return slot;
  }

  private slotsInScope(): readonly Slot[] {
    return this.scopes.flatMap(({ slots }) => slots);
  }

  private begin(slot: Slot): void {
    this.b.life(slot, true);
    this.scopes.at(-1)?.slots.push(slot);
  }

  literalPlace(symbol: VarSymbol): Place {
    if (symbol.storage === 'local') this.declare(symbol);
    return plainPlace(this.variableAddress(symbol), symbol.type, true);
  }

  private declare(symbol: VarSymbol): void {
    if (symbol.storage !== 'local') {
      // It needs no code, but takes its place in its section here.
      this.module.variable(symbol);
      return;
    }
    const slot = this.slotOf(symbol);
    this.begin(slot);
    if (symbol.init) initialise(this, this.fn.frame(slot, 0), symbol.type, symbol.init);
    if (symbol.cleanup) this.scopes.at(-1)?.cleanups.push({ call: symbol.cleanup, variable: symbol });
  }

  // ------------------------------------------------------------------------------------------- scopes

  private scoped<T>(owner: object, body: () => T): T {
    this.scopes.push({ owner, slots: [], cleanups: [] });
    const result = body();
    this.leaveTo(this.scopes.length - 1);
    this.scopes.pop();
    return result;
  }

  /** What happens when control leaves all scopes above `depth`; the scopes themselves stay open. */
  private leaveTo(depth: number): void {
    for (let i = this.scopes.length - 1; i >= depth; i--) {
      const scope = must(this.scopes[i], 'scope');
      for (const { call, variable } of scope.cleanups.toReversed())
        this.b.call(
          { kind: 'symbol', symbol: this.module.function(call) },
          [this.variableAddress(variable)],
          null,
        );
      for (const slot of scope.slots) this.b.life(slot, false);
    }
  }

  private goto(target: Target): void {
    this.leaveTo(target.depth);
    this.b.jump(target.block);
    this.b.at(this.fn.block());
  }

  gotoLabel(to: Label): void {
    const label = must(this.labels.get(to), 'label');
    this.jumps.push({ from: this.slotsInScope(), to: [to] });
    const depth = this.scopes.findIndex((scope) => !label.owners.includes(scope.owner));
    this.goto({ block: label.block, depth: depth < 0 ? this.scopes.length : depth });
  }

  statementExpression(expr: StmtExpr): Inst {
    return this.scoped(expr, () => {
      // Nobody jumps in from outside.
      this.findLabels(
        expr.body.body,
        this.scopes.map(({ owner }) => owner),
      );
      expr.body.body.forEach((stmt) => this.statement(stmt));
      if (!expr.result) return this.b.const(32, 0);
      if (isVoid(expr.result.type)) {
        this.effect(expr.result);
        return this.b.const(32, 0);
      }
      const value = this.value(expr.result);
      if (!isRecord(expr.type)) return value;
      // The record may be a variable of this scope: copy it out before the scope ends.
      const copy = this.fn.slot('value', sizeOf(expr.type) ?? 0, alignOf(expr.type));
      copyRecord(this, this.fn.frame(copy, 0), value, expr.type);
      return this.fn.frame(copy, 0);
    });
  }

  // --------------------------------------------------------------------------------------- statements

  private block(stmt: BlockStmt): void {
    this.scoped(stmt, () => stmt.body.forEach((inner) => this.statement(inner)));
  }

  /** The body of a loop from `inside` on, ending with a jump to `again`. */
  private loopBody(body: Stmt, inside: Block, again: Block, end: Block): void {
    this.breaks.push({ block: end, depth: this.scopes.length });
    this.continues.push({ block: again, depth: this.scopes.length });
    this.b.at(inside);
    this.statement(body);
    this.b.jump(again);
    this.breaks.pop();
    this.continues.pop();
  }

  /** A loop, or the copies that unrolling makes of it: each round goes on to the next copy. */
  private loop(stmt: Loop, step: () => void): void {
    const { copies, full, refused } = unrolling(stmt, this.module.sizes);
    if (refused !== null) this.module.diagnostics.warning('pass-failed', stmt.range, refused);
    // What stays behind all rounds is the loop itself; optimising finds that it is never reached.
    const tooMany = this.fn.blocks.length > MOST_BLOCKS;
    const count = tooMany ? 1 : full ? copies + 1 : copies;
    const heads = Array.from({ length: count }, () => this.fn.block());
    const back = heads[full && !tooMany ? count - 1 : 0]!;
    const end = this.fn.block();
    // Every copy evaluates for itself what an expression shares.
    const shared = new Map(this.shared);
    this.b.jump(heads[0]!);
    heads.forEach((head, i) => {
      const next = heads[i + 1] ?? back;
      const test = (yes: Block): void => {
        if (stmt.condition) lowerCondition(this, stmt.condition, yes, end);
        else this.b.jump(yes);
      };
      const after = this.fn.block();
      this.b.at(head);
      if (stmt.kind === 'do') this.loopBody(stmt.body, head, after, end);
      else {
        const inside = this.fn.block();
        test(inside);
        this.loopBody(stmt.body, inside, after, end);
      }
      this.b.at(after);
      step();
      if (stmt.kind === 'do') test(next);
      else this.b.jump(next);
      this.shared.clear();
      for (const [expr, value] of shared) this.shared.set(expr, value);
    });
    this.b.at(end);
  }

  statement(stmt: Stmt): void {
    this.b.loc = stmt.range.start;
    switch (stmt.kind) {
      case 'block':
        return this.block(stmt);
      case 'decl':
        return this.declare(stmt.symbol);
      case 'expr':
        return this.effect(stmt.expr);
      case 'empty':
        return;
      case 'if': {
        const yes = this.fn.block();
        const no = this.fn.block();
        const end = stmt.otherwise ? this.fn.block() : no;
        lowerCondition(this, stmt.condition, yes, no);
        this.b.at(yes);
        this.statement(stmt.then);
        this.b.jump(end);
        if (stmt.otherwise) {
          this.b.at(no);
          this.statement(stmt.otherwise);
          this.b.jump(end);
        }
        return this.b.at(end);
      }
      case 'while':
      case 'do':
        return this.loop(stmt, () => undefined);
      case 'for':
        return this.scoped(stmt, () => {
          stmt.init.forEach((inner) => this.statement(inner));
          this.loop(stmt, () => {
            if (stmt.step) this.effect(stmt.step);
          });
        });
      case 'switch':
        return this.switch(stmt);
      case 'case':
      case 'default': {
        const block = must(this.cases.get(stmt), 'case label');
        this.arrivals.set(stmt, this.slotsInScope());
        this.b.jump(block);
        this.b.at(block);
        return this.statement(stmt.body);
      }
      case 'break':
        return this.goto(must(this.breaks.at(-1), 'break target'));
      case 'continue':
        return this.goto(must(this.continues.at(-1), 'continue target'));
      case 'goto':
        return this.gotoLabel(stmt.label);
      case 'label': {
        const { block } = must(this.labels.get(stmt.label), 'label');
        this.arrivals.set(stmt.label, this.slotsInScope());
        this.b.jump(block);
        this.b.at(block);
        return this.statement(stmt.body);
      }
      case 'return':
        return this.return(stmt.value);
      case 'asm':
        return lowerAsm(this, stmt);
    }
  }

  private return(value: Expr | null): void {
    if (value && isRecord(value.type)) {
      const from = this.value(value);
      copyRecord(this, must(this.fn.params[0], 'result address'), from, value.type);
    } else if (value && this.result) {
      const made = this.value(value);
      this.b.store(this.fn.frame(this.result, 0), 0, made.width === 64 ? 8 : 4, made);
    } else if (value) this.effect(value);
    this.goto({ block: this.exit, depth: 0 });
  }

  /** A chain of comparisons, in the order of the cases. */
  private switch(stmt: SwitchStmt): void {
    const value = this.value(stmt.condition);
    const signed = integerOf(stmt.condition.type)?.signed ?? false;
    const end = this.fn.block();
    for (const label of stmt.cases) this.cases.set(label, this.fn.block());
    if (stmt.defaultCase) this.cases.set(stmt.defaultCase, this.fn.block());
    const labels = stmt.defaultCase ? [...stmt.cases, stmt.defaultCase] : stmt.cases;
    this.jumps.push({ from: this.slotsInScope(), to: labels });
    for (const label of stmt.cases) {
      const to = must(this.cases.get(label), 'case label');
      const next = this.fn.block();
      this.b.loc = label.range.start;
      const constant = (x: bigint): Inst => this.b.const(value.width, x);
      if (label.low === label.high) this.b.branch('eq', value, constant(label.low), to, next);
      else {
        const upper = this.fn.block();
        this.b.branch(signed ? 'sge' : 'uge', value, constant(label.low), upper, next);
        this.b.at(upper);
        this.b.branch(signed ? 'sle' : 'ule', value, constant(label.high), to, next);
      }
      this.b.at(next);
    }
    this.b.jump(stmt.defaultCase ? must(this.cases.get(stmt.defaultCase), 'default label') : end);
    this.b.at(this.fn.block());
    this.breaks.push({ block: end, depth: this.scopes.length });
    this.statement(stmt.body);
    this.breaks.pop();
    this.b.jump(end);
    this.b.at(end);
  }

  /** Finds every label first: a goto may go forward, and must know which scopes it leaves. */
  private findLabels(node: unknown, owners: readonly object[]): void {
    if (Array.isArray(node)) {
      for (const inner of node) this.findLabels(inner, owners);
      return;
    }
    if (typeof node !== 'object' || node === null || !('kind' in node)) return;
    const stmt = node as Stmt;
    switch (stmt.kind) {
      case 'label':
        this.labels.set(stmt.label, { block: this.fn.block(), owners });
        return this.findLabels(stmt.body, owners);
      case 'block':
        return this.findLabels(stmt.body, [...owners, stmt]);
      case 'for':
        this.findLabels(stmt.init, [...owners, stmt]);
        return this.findLabels(stmt.body, [...owners, stmt]);
      case 'if':
        this.findLabels(stmt.then, owners);
        return this.findLabels(stmt.otherwise, owners);
      case 'while':
      case 'do':
      case 'switch':
      case 'case':
      case 'default':
        return this.findLabels(stmt.body, owners);
      default:
    }
  }

  run(): void {
    const { def, fn } = this;
    this.findLabels(def.body, []);
    const hidden = isRecord(def.symbol.signature.result) ? 1 : 0;
    this.b.loc = def.loc;
    def.params.forEach((symbol, i) => {
      const param = this.module.profile.extended
        ? parameter(
            this,
            i + hidden,
            def.params.length + hidden,
            this.paramWidth(symbol),
            def.symbol.signature,
          )
        : must(fn.params[i + hidden], 'parameter');
      const to = this.fn.frame(this.slotOf(symbol), 0);
      if (isRecord(symbol.type)) copyRecord(this, to, param, symbol.type);
      else storePlace(this, plainPlace(to, symbol.type, true), param);
    });
    this.block(def.body);
    withoutLife(fn, passedSlots(this.jumps, this.arrivals));
    this.b.loc = def.endLoc;
    if (def.symbol.attributes.naked) this.b.unreachable();
    this.b.jump(this.exit);
    this.b.at(this.exit);
    this.b.return(
      this.result ? this.b.load(this.fn.frame(this.result, 0), 0, this.result.size === 8 ? 8 : 4) : null,
    );
  }

  private paramWidth({ type }: VarSymbol): Width {
    return isRecord(type) ? 64 : widthOf(type);
  }

  /** Parameters that are passed, the address of a record result included. */
  get paramCount(): number {
    const { params, symbol } = this.def;
    return params.length + (isRecord(symbol.signature.result) ? 1 : 0);
  }

  place = (expr: Expr): Place => lowerPlace(this, expr);
}
