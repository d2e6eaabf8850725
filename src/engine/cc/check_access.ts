/**
 * Reaching into objects: `*p`, `&x`, `a[i]`, `s.m`, `p->m`.
 *
 * A member access is CO-RE relocatable when its record is the kernel's (or says preserve_access_index), or
 * when it stands inside __builtin_preserve_access_index. An array index belongs to the access string when
 * its base does, or when it steps over such records.
 */
import { pathTo } from './known_names.ts';
import type { Expr } from './ast.ts';
import * as C from './ctype.ts';
import type { RecordType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { didYouMean, hintText } from './did_you_mean.ts';
import { renamed } from './diagnostic.ts';
import type { Repair } from './diagnostic.ts';
import type { Context } from './check_context.ts';
import { convertInteger, errorExpr, isError, isLvalue, promote, rvalue } from './check_convert.ts';
import { strideOf } from './check_expr.ts';
import { observeMember } from './observe.ts';
import type { Loc, Range } from './source.ts';

/** `*operand` */
export function checkDeref(context: Context, operand: Expr, range: Range): Expr {
  const value = rvalue(operand);
  if (isError(value)) return value;
  const to = C.pointee(value.type);
  if (to === null) {
    context.error(range, `indirection requires a pointer ('${typeText(operand.type)}' is none)`);
    return errorExpr(range);
  }
  if (value.kind === 'cast' && value.cast === 'function_decay') return { ...value.operand, range };
  if (C.isVoid(to) && context.unevaluated === 0) {
    context.error(range, `cannot read through a pointer to 'void': cast it to the type that is there`);
    return errorExpr(range);
  }
  return { kind: 'deref', operand: value, type: to, range, loc: range.start };
}

/** `&operand` */
export function checkAddressOf(context: Context, operand: Expr, range: Range): Expr {
  if (isError(operand)) return operand;
  const isFunction = C.unsugar(operand.type).kind === 'function';
  if (!isLvalue(operand) && !isFunction) {
    context.error(range, `cannot take the address of a value of type '${typeText(operand.type)}'`);
    return errorExpr(range);
  }
  if (operand.kind === 'member' && operand.bitSize !== null) {
    context.error(range, 'address of bit-field requested');
    return errorExpr(range);
  }
  const type = C.pointerTo(operand.type);
  if (isFunction)
    return { kind: 'cast', cast: 'function_decay', operand, explicit: true, type, range, loc: range.start };
  return { kind: 'address_of', operand, type, range, loc: range.start };
}

/** The record a pointer or array element is, if accesses to it are relocatable. */
const preserved = (type: C.CType): boolean => {
  const bare = C.unsugar(type);
  return bare.kind === 'record' && bare.preserveAccessIndex;
};

/** `base[index]` */
export function checkIndex(context: Context, l: Expr, r: Expr, range: Range): Expr {
  const [a, b] = [rvalue(l), rvalue(r)];
  if (isError(a) || isError(b)) return errorExpr(range);
  const [base, index] = C.isPointer(a.type) ? [a, b] : [b, a];
  const element = C.pointee(base.type);
  if (element === null || !C.isInteger(index.type)) {
    context.error(
      range,
      element === null
        ? `subscripted value of type '${typeText(l.type)}' is neither an array nor a pointer`
        : `array subscript of type '${typeText(index.type)}' is not an integer`,
    );
    return errorExpr(range);
  }
  const elementSize = strideOf(context, base.type, range);
  const position = promote(index);
  const array = base.kind === 'cast' && base.cast === 'array_decay' ? base.operand : null;
  const length = array ? C.unsugar(array.type) : null;
  if (position.kind === 'int' && length?.kind === 'array' && length.length !== null && length.length > 1) {
    if (position.value < 0n || position.value >= BigInt(length.length))
      context.warning(
        'array-bounds',
        range,
        `array index ${position.value} is outside of '${typeText(length)}'`,
      );
  }
  return {
    kind: 'index',
    base,
    index: convertInteger(position, C.integerOf(position.type)?.signed === false ? C.ULONG : C.LONG),
    elementSize,
    relocatable:
      (array?.kind === 'member' && array.relocatable) ||
      (array?.kind === 'index' && array.relocatable) ||
      preserved(element),
    type: element,
    range,
    loc: range.start,
  };
}

/** What to say when a record has no such member. */
function noMember(context: Context, record: RecordType, name: string, at: Range): Expr {
  const text = typeText(record);
  if (record.layout === null) {
    context.error(at, `member access into incomplete type '${text}'`, context.incompleteNote(record));
    return errorExpr(at);
  }
  const meant = didYouMean(name, C.memberNames(record)) ?? pathTo(record, name);
  const kernel = record.btfId !== 0 ? " (in this kernel's BTF)" : '';
  context.error(
    at,
    `no member named '${name}' in '${text}'${kernel}${hintText(meant)}`,
    [],
    renamed(at, meant),
  );
  return errorExpr(at);
}

/** Writes the other one of `.` and `->` before a member's name. */
function otherOperator({ sources }: Context, at: Range, operator: '.' | '->'): Repair[] {
  const wrong = operator === '.' ? '->' : '.';
  const range = { start: at.start - wrong.length, end: at.start };
  return sources.text(range) === wrong ? [{ title: `Change to '${operator}'`, range, text: operator }] : [];
}

/** `base.name` or, with `arrow`, `base->name`. `at` is the member's name. */
export function checkMember(context: Context, l: Expr, arrow: boolean, name: string, at: Range): Expr {
  if (isError(l)) return l;
  const range = { start: Math.min(l.range.start, at.start), end: Math.max(at.end, l.range.end) };
  let base = l;
  if (arrow) {
    const pointer = rvalue(l);
    if (isError(pointer)) return pointer;
    const to = C.pointee(pointer.type);
    if (to === null) {
      const dot = C.unsugar(l.type).kind === 'record';
      context.error(
        range,
        `member reference type '${typeText(l.type)}' is not a pointer${dot ? "; did you mean to use '.'?" : ''}`,
        [],
        dot ? otherOperator(context, at, '.') : [],
      );
      if (!dot) return errorExpr(range);
    } else base = { kind: 'deref', operand: pointer, type: to, range: l.range, loc: l.loc };
  } else if (C.isPointer(l.type)) {
    const to = C.pointee(l.type) ?? C.VOID;
    const record = C.unsugar(to).kind === 'record';
    context.error(
      range,
      `member reference type '${typeText(l.type)}' is a pointer${record ? "; did you mean to use '->'?" : ''}`,
      [],
      record ? otherOperator(context, at, '->') : [],
    );
    if (!record) return errorExpr(range);
    base = { kind: 'deref', operand: rvalue(l), type: to, range: l.range, loc: l.loc };
  }
  const record = C.unsugar(base.type);
  if (record.kind !== 'record') {
    context.error(range, `member reference base type '${typeText(base.type)}' is not a struct or union`);
    return errorExpr(range);
  }
  observeMember(context.observer, at, record, name);
  return memberOf(base, record, name, range, at.start) ?? noMember(context, record, name, at);
}

/** The member node, or null when the record has no such member. */
export function memberOf(base: Expr, record: RecordType, name: string, range: Range, loc: Loc): Expr | null {
  const found = name === '' ? null : C.findMember(record, name);
  if (!found) return null;
  const q = C.qualifiersOf(base.type);
  return {
    kind: 'member',
    base,
    name,
    path: found.path,
    bitOffset: found.bitOffset,
    bitSize: found.member.bitSize,
    relocatable: found.path.some((step) => step.record.preserveAccessIndex) || inheritsRelocation(base),
    type: C.qualify(found.member.type, { ...q, isRestrict: false }),
    range,
    loc,
  };
}

/** An unnamed record inside a relocatable access goes on being relocatable. */
function inheritsRelocation(base: Expr): boolean {
  const bare = C.unsugar(base.type);
  if (bare.kind !== 'record' || bare.name !== '') return false;
  return (base.kind === 'member' || base.kind === 'index') && base.relocatable;
}

/** Marks every step of an access inside __builtin_preserve_access_index as relocatable. */
export function preserveAccess(expr: Expr): Expr {
  switch (expr.kind) {
    case 'member':
      return { ...expr, base: preserveAccess(expr.base), relocatable: true };
    case 'index':
      return { ...expr, base: preserveAccess(expr.base), relocatable: true };
    case 'deref':
      return { ...expr, operand: preserveAccess(expr.operand) };
    case 'address_of':
      return { ...expr, operand: preserveAccess(expr.operand) };
    case 'cast':
      return { ...expr, operand: preserveAccess(expr.operand) };
    case 'pointer_add':
      return { ...expr, pointer: preserveAccess(expr.pointer) };
    default:
      return expr;
  }
}
