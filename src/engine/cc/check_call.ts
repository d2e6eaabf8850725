/** Calls: who is called, and with what. */
import type { Callee, Expr, FuncSymbol } from './ast.ts';
import * as C from './ctype.ts';
import type { FunctionType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import type { Context } from './check_context.ts';
import { checkBuffer } from './check_buffer.ts';
import { checkFormat } from './check_format.ts';
import { assignTo, errorExpr, isError, promote, rvalue } from './check_convert.ts';
import type { Range } from './source.ts';

/** @param bpf helpers are called by a pointer that is their number: only BPF programs have them */
function calleeOf(expr: Expr, bpf: boolean): Callee {
  if (expr.kind === 'cast' && expr.cast === 'function_decay' && expr.operand.kind === 'ref') {
    const { symbol } = expr.operand;
    if (symbol.kind === 'func') return { kind: 'function', symbol };
  }
  if (bpf && expr.kind === 'cast' && expr.cast === 'load' && expr.operand.kind === 'ref') {
    const { symbol } = expr.operand;
    if (symbol.kind === 'var' && symbol.helper !== null)
      return { kind: 'helper', number: symbol.helper, symbol };
  }
  if (bpf && expr.kind === 'cast' && expr.cast === 'int_to_pointer' && expr.operand.kind === 'int')
    return { kind: 'helper_number', number: Number(BigInt.asUintN(32, expr.operand.value)) };
  return { kind: 'indirect', pointer: expr };
}

function name(callee: Callee): string {
  return callee.kind === 'function' || callee.kind === 'helper' ? `'${callee.symbol.name}'` : 'the function';
}

/** The place of a function's declaration, for a note. */
const declared = (callee: Callee): FuncSymbol | null => (callee.kind === 'function' ? callee.symbol : null);

/** A variable stands where a pointer to one was meant. */
function wantsAddress({ diagnostics }: Context, value: Expr, type: C.CType): boolean {
  if (!C.isPointer(type) || !diagnostics.warnings.has('int-conversion')) return false;
  const named = value.kind === 'cast' && value.cast === 'load' ? value.operand : value;
  if (named.kind !== 'ref' || named.symbol.kind !== 'var') return false;
  return C.unsugar(value.type).kind === 'record' || C.isInteger(value.type);
}

/** Converts arguments to what the prototype says. null (reported) when they do not fit. */
function convertArguments(
  context: Context,
  signature: FunctionType,
  args: readonly Expr[],
  callee: Callee,
  range: Range,
): Expr[] | null {
  const { params, variadic, unprototyped } = signature;
  const few = args.length < params.length;
  if (few || (args.length > params.length && !variadic && !unprototyped)) {
    const symbol = declared(callee);
    const least = variadic ? 'at least ' : '';
    context.error(
      range,
      `too ${few ? 'few' : 'many'} arguments to ${name(callee)}: expected ${least}${params.length}, have ${args.length}`,
      symbol && symbol.range.start > 0
        ? [{ message: `'${symbol.name}' declared here`, range: symbol.range }]
        : [],
    );
    return null;
  }
  const converted = args.map((arg, i) => {
    const param = params[i];
    const value = rvalue(arg);
    if (!param) return promote(value);
    if (wantsAddress(context, value, param.type)) {
      const { start } = arg.range;
      context.error(
        arg.range,
        `passing '${typeText(arg.type)}' to parameter '${param.name}' of type '${typeText(param.type)}'; take the address with '&'`,
        [],
        [{ title: "Insert '&'", range: { start, end: start }, text: '&' }],
      );
      return errorExpr(arg.range);
    }
    return assignTo(context, value, param.type, { kind: 'passing', param: param.name });
  });
  return converted.some(isError) ? null : converted;
}

/** `callee(args)` */
export function checkCall(context: Context, target: Expr, args: readonly Expr[], range: Range): Expr {
  const value = rvalue(target);
  if (isError(value) || args.some(isError)) return errorExpr(range);
  const to = C.pointee(value.type);
  const signature = to === null ? null : C.unsugar(to);
  if (signature?.kind !== 'function') {
    context.error(range, `called object of type '${typeText(target.type)}' is not a function`);
    return errorExpr(range);
  }
  const callee = calleeOf(value, !context.profile.extended);
  const result = C.unsugar(signature.result);
  if (result.kind === 'record' && result.layout === null) {
    context.error(
      range,
      `calling ${name(callee)} with incomplete return type '${typeText(signature.result)}'`,
    );
    return errorExpr(range);
  }
  const converted = convertArguments(context, signature, args, callee, range);
  if (!converted) return errorExpr(range);
  if (callee.kind === 'helper') {
    checkFormat(context, callee.symbol.name, converted);
    checkBuffer(context, callee.symbol.name, converted);
  }
  return {
    kind: 'call',
    callee,
    args: converted,
    signature,
    type: C.unqualified(signature.result),
    range,
    loc: range.start,
  };
}
