/**
 * Initialisers: braces, designators and bare lists become a flat list of (offset, value).
 *
 * The walk is C's "current object": a value with no braces of its own goes to the next scalar, opening
 * aggregates on the way; a designator moves the current object; braces open the current object itself.
 *
 * Source: C11 6.7.9, with GNU's ranges and empty braces.
 */
import type { Expr, InitEntry, Initializer } from './ast.ts';
import * as C from './ctype.ts';
import type { CType, Member } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { didYouMean, hintText } from './did_you_mean.ts';
import { renamed } from './diagnostic.ts';
import { assignTo, isError, rvalue } from './check_convert.ts';
import type { Context } from './check_context.ts';
import { observeMember } from './observe.ts';
import type { Range } from './source.ts';

export type Designator =
  | { readonly kind: 'member'; readonly name: string; readonly range: Range }
  | { readonly kind: 'index'; readonly low: number; readonly high: number; readonly range: Range };
export interface InitItem {
  readonly designators: readonly Designator[];
  readonly value: InitSyntax;
}
/** An initialiser as written. */
export type InitSyntax =
  | { readonly kind: 'expr'; readonly expr: Expr }
  | { readonly kind: 'list'; readonly items: readonly InitItem[]; readonly range: Range };

/** More entries than this in one initialiser are refused ([0 ... 1000000] = x). */
const MAX_ENTRIES = 1 << 16;
const MAX_DEPTH = 64;

/** A place inside the object being initialised. */
interface Slot {
  readonly type: CType;
  /** From the start of the whole object. */
  readonly bitOffset: number;
  readonly bitSize: number | null;
}

/** The parts of an aggregate that are initialised in turn. */
function partCount(type: C.BareType): number {
  if (type.kind === 'array') return type.length ?? Infinity;
  if (type.kind !== 'record') return 1;
  const count = type.layout?.members.length ?? 0;
  return type.tag === 'union' ? Math.min(count, 1) : count;
}

function memberSlot(base: Slot, member: Member): Slot {
  return { type: member.type, bitOffset: base.bitOffset + member.bitOffset, bitSize: member.bitSize };
}

function partOf(base: Slot, index: number): Slot | null {
  const type = C.unsugar(base.type);
  if (type.kind === 'array')
    return { type: type.of, bitOffset: base.bitOffset + index * (C.sizeOf(type.of) ?? 0) * 8, bitSize: null };
  const member = type.kind === 'record' ? type.layout?.members[index] : undefined;
  return member ? memberSlot(base, member) : null;
}

const isCharArray = (type: C.BareType): boolean =>
  type.kind === 'array' && C.integerOf(type.of)?.size === 1 && C.unsugar(type.of) !== C.BOOL;
const isAggregate = (type: C.BareType): boolean => type.kind === 'array' || type.kind === 'record';

/** Reads items one by one; shared by nested aggregates that have no braces of their own. */
class Items {
  readonly list: readonly InitItem[];
  at = 0;
  constructor(list: readonly InitItem[]) {
    this.list = list;
  }
  get current(): InitItem | null {
    return this.list[this.at] ?? null;
  }
}

class InitBuilder {
  readonly entries: InitEntry[] = [];
  /** Number of elements that an array of unknown length turned out to have. */
  elements = 0;
  private readonly context: Context;
  private full = false;
  /** Where designators have led so far, and what stands there; null before the first. */
  private placed: Set<number> | null = null;

  constructor(context: Context) {
    this.context = context;
  }

  private push(slot: Slot, value: Expr): void {
    if (this.entries.length >= MAX_ENTRIES) {
      if (!this.full) this.context.error(value.range, 'initializer has too many elements');
      this.full = true;
      return;
    }
    if (this.placed?.has(slot.bitOffset)) {
      const message = 'initializer overrides prior initialization of this subobject';
      this.context.warning('initializer-overrides', value.range, message);
    }
    this.placed?.add(slot.bitOffset);
    this.entries.push({ bitOffset: slot.bitOffset, bitSize: slot.bitSize, type: slot.type, value });
  }

  /** Initialises `slot` from one written initialiser. */
  initialize(slot: Slot, syntax: InitSyntax, depth: number): void {
    const type = C.unsugar(slot.type);
    if (depth > MAX_DEPTH) return;
    if (syntax.kind === 'expr') {
      this.fillExpr(slot, syntax.expr);
      return;
    }
    const [only] = syntax.items;
    if (
      isCharArray(type) &&
      syntax.items.length === 1 &&
      only &&
      stringOf(only) &&
      only.designators.length === 0
    ) {
      this.fillString(slot, stringOf(only)!);
      return;
    }
    if (!isAggregate(type)) {
      if (only) this.initialize(slot, only.value, depth + 1);
      if (syntax.items.length > 1)
        this.context.warning('excess-initializers', syntax.range, 'excess elements in scalar initializer');
      return;
    }
    const items = new Items(syntax.items);
    this.walk(slot, items, true, depth + 1);
    if (items.current)
      this.context.warning(
        'excess-initializers',
        syntax.range,
        `excess elements in initializer of '${typeText(slot.type)}'`,
      );
  }

  private fillExpr(slot: Slot, expr: Expr): void {
    if (expr.kind === 'string' && isCharArray(C.unsugar(slot.type))) {
      this.fillString(slot, expr);
      return;
    }
    const value = assignTo(this.context, rvalue(expr), slot.type, {
      kind: 'initializing',
      field: slot.bitSize === null ? null : { bits: slot.bitSize, at: expr.range.start },
    });
    if (!isError(value)) this.push(slot, value);
  }

  private fillString(slot: Slot, expr: Extract<Expr, { kind: 'string' }>): void {
    const type = C.unsugar(slot.type);
    if (type.kind !== 'array') return;
    const length = type.length ?? expr.bytes.length;
    if (type.length === null) this.elements = Math.max(this.elements, length);
    if (expr.bytes.length - 1 > length)
      this.context.warning(
        'excess-initializers',
        expr.range,
        `initializer string for char array is too long (${expr.bytes.length} bytes for '${typeText(type)}')`,
      );
    const arrayType = C.arrayOf(C.CHAR, length);
    const bytes = expr.bytes.subarray(0, length);
    this.push({ ...slot, type: arrayType }, { ...expr, bytes, type: C.arrayOf(C.CHAR, bytes.length) });
  }

  /**
   * Fills the parts of an aggregate from `items`. Without braces of its own (`braced` false) it stops at its
   * last part, or at a designator, which belongs to the braces outside.
   */
  private walk(slot: Slot, items: Items, braced: boolean, depth: number): void {
    const type = C.unsugar(slot.type);
    const parts = partCount(type);
    let index = 0;
    if (depth > MAX_DEPTH) return;
    for (let item = items.current; item && !this.full; item = items.current) {
      const [first, ...rest] = item.designators;
      if (first) {
        if (!braced) return;
        this.placed ??= new Set(this.entries.map(({ bitOffset }) => bitOffset));
        const next = this.designated(slot, first, rest, items, depth);
        if (next === null) {
          items.at++;
          continue;
        }
        index = next;
        continue;
      }
      if (index >= parts) return;
      const part = partOf(slot, index);
      if (!part) return;
      this.fillNext(part, items, depth, type);
      index++;
      this.sawElement(slot, index);
    }
  }

  private sawElement(slot: Slot, count: number): void {
    const type = C.unsugar(slot.type);
    if (type.kind === 'array' && type.length === null) this.elements = Math.max(this.elements, count);
  }

  /** Braces around a part are left out by habit in `{ 0 }`, and where a struct has nothing but that part. */
  private checkBraces({ list }: Items, parent: C.BareType | null, range: Range): void {
    const [only] = list;
    const value = only?.value.kind === 'expr' ? only.value.expr : null;
    if (list.length === 1 && value?.kind === 'int' && value.value === 0n) return;
    if (parent?.kind === 'record' && partCount(parent) === 1) return;
    this.context.warning('missing-braces', range, 'suggest braces around initialization of subobject');
  }

  /** Fills one part with the current item, or with as many as it takes when it is an aggregate without braces. */
  private fillNext(part: Slot, items: Items, depth: number, parent: C.BareType | null = null): void {
    const item = items.current;
    if (!item) return;
    const type = C.unsugar(part.type);
    const expr = item.value.kind === 'expr' ? item.value.expr : null;
    const whole =
      expr === null ||
      !isAggregate(type) ||
      isError(expr) ||
      (expr.kind === 'string' && isCharArray(type)) ||
      (type.kind === 'record' && C.unsugar(expr.type) === type);
    if (whole) {
      items.at++;
      this.initialize(part, item.value, depth + 1);
    } else if (partCount(type) === 0) items.at++;
    else {
      const before = items.at;
      this.checkBraces(items, parent, expr.range);
      this.walk(part, items, false, depth + 1);
      if (items.at === before) items.at++;
    }
  }

  /** @returns the index of the part after the designated one, or null when the designator is wrong */
  private designated(
    slot: Slot,
    first: Designator,
    rest: readonly Designator[],
    items: Items,
    depth: number,
  ): number | null {
    const type = C.unsugar(slot.type);
    const item = items.current;
    if (!item) return null;
    if (first.kind === 'index') {
      if (type.kind !== 'array') {
        this.context.error(first.range, `array designator for '${typeText(slot.type)}', which is no array`);
        return null;
      }
      if (first.low < 0 || first.high < first.low || (type.length !== null && first.high >= type.length)) {
        this.context.error(first.range, `array designator index is outside of '${typeText(type)}'`);
        return null;
      }
      const at = items.at;
      for (let i = first.low; i <= first.high && !this.full; i++) {
        const part = partOf(slot, i);
        if (!part) break;
        items.at = at;
        this.fillDesignated(part, rest, items, item, depth);
      }
      this.sawElement(slot, first.high + 1);
      return first.high + 1;
    }
    const record = type.kind === 'record' ? type : null;
    const found = record ? C.findMember(record, first.name) : null;
    this.context.observer?.access(first.range.start, slot.type);
    if (record) observeMember(this.context.observer, first.range, record, first.name);
    if (!record || !found) {
      const meant = record ? didYouMean(first.name, C.memberNames(record)) : null;
      this.context.error(
        first.range,
        `no member named '${first.name}' in '${typeText(slot.type)}'${hintText(meant)}`,
        [],
        renamed(first.range, meant),
      );
      return null;
    }
    const part: Slot = {
      type: found.member.type,
      bitOffset: slot.bitOffset + found.bitOffset,
      bitSize: found.member.bitSize,
    };
    this.fillDesignated(part, rest, items, item, depth);
    return record.tag === 'union' ? 1 : (found.path[0]?.index ?? 0) + 1;
  }

  private fillDesignated(
    part: Slot,
    rest: readonly Designator[],
    items: Items,
    item: InitItem,
    depth: number,
  ): void {
    if (depth > MAX_DEPTH) {
      items.at++;
      return;
    }
    const [next, ...more] = rest;
    if (next) {
      const before = items.at;
      if (this.designated(part, next, more, items, depth + 1) === null && items.at === before) items.at++;
      return;
    }
    const plain = new Items([{ designators: [], value: item.value }, ...items.list.slice(items.at + 1)]);
    this.fillNext(part, plain, depth);
    items.at += plain.at;
  }
}

const stringOf = (item: InitItem): Extract<Expr, { kind: 'string' }> | null =>
  item.value.kind === 'expr' && item.value.expr.kind === 'string' ? item.value.expr : null;

/** An object's initialiser, and its type once the initialiser has said how long an array is. */
export function checkInitializer(
  context: Context,
  type: CType,
  syntax: InitSyntax,
): { readonly init: Initializer | null; readonly type: CType } {
  const bare = C.unsugar(type);
  const expr = syntax.kind === 'expr' ? syntax.expr : null;
  if (expr && (!isAggregate(bare) || (bare.kind === 'record' && !isError(expr)))) {
    const value = assignTo(context, rvalue(expr), type, { kind: 'initializing', field: null });
    return { init: isError(value) ? null : { kind: 'value', value }, type };
  }
  if (expr && expr.kind !== 'string' && !isError(expr)) {
    if (expr.kind === 'compound_literal' && bare.kind === 'array' && expr.symbol.init)
      return { init: expr.symbol.init, type: bare.length === null ? expr.type : type };
    context.error(
      expr.range,
      `an array must be initialized by a list in braces or a string, not '${typeText(expr.type)}'`,
    );
    return { init: null, type };
  }
  const builder = new InitBuilder(context);
  builder.initialize({ type, bitOffset: 0, bitSize: null }, syntax, 0);
  const complete =
    bare.kind === 'array' && bare.length === null
      ? C.qualify(C.arrayOf(bare.of, builder.elements), C.NO_QUALIFIERS)
      : type;
  const range = syntax.kind === 'list' ? syntax.range : (expr?.range ?? { start: 0, end: 0 });
  if (!isAggregate(bare)) {
    const [only] = builder.entries;
    return { init: only ? { kind: 'value', value: only.value } : { kind: 'list', entries: [], range }, type };
  }
  const [only] = builder.entries;
  if (only?.value.kind === 'string' && builder.entries.length === 1 && isCharArray(bare))
    return { init: { kind: 'value', value: only.value }, type: complete };
  return { init: { kind: 'list', entries: builder.entries, range }, type: complete };
}
