/** Iterator programs: do context and result fit the section? The verifier asks, but in numbers. */
import type { FuncSymbol } from './ast.ts';
import type { Context } from './check_context.ts';
import { isPointer, isVoid, pointee, sizeOf, unsugar, VOID } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import { didYouMean, hintText } from './did_you_mean.ts';

const CONTEXT = 'bpf_iter__';

/** The name of the struct that a parameter points to, or null. */
function structBehind({ signature }: FuncSymbol): string | null {
  const to = unsugar(pointee(signature.params[0]?.type ?? VOID) ?? VOID);
  return to.kind === 'record' ? to.name : null;
}

/** @param section without libbpf's `?` */
export function checkIterator(context: Context, symbol: FuncSymbol, section: string): void {
  const target = /^iter(?:\.s)?\/(\w+)$/.exec(section)?.[1];
  if (target === undefined) return;
  const wanted = CONTEXT + target;
  const { params, result } = symbol.signature;
  const warn = (text: string): void => context.lateWarning('bpf-iterator', symbol.range, text);
  const has = structBehind(symbol);
  const known = context.kernel.record('struct', wanted) !== null;
  const isOwn = has === wanted && sizeOf(pointee(params[0]?.type ?? VOID) ?? VOID) !== null;
  if (!known && !isOwn) {
    const others = [...context.kernel.names('struct')].filter((name) => name.startsWith(CONTEXT));
    const meant = didYouMean(wanted, others);
    const hint = meant === null ? '' : hintText(`iter/${meant.slice(CONTEXT.length)}`);
    if (others.length > 0) warn(`this kernel has no iterator '${target}'${hint}`);
  } else if (params.length !== 1) warn(`an iterator program has one parameter: 'struct ${wanted} *ctx'`);
  else if (has !== null && has !== wanted && has.startsWith('bpf_iter_'))
    warn(`a program in section '${section}' is given a 'struct ${wanted} *', not a 'struct ${has} *'`);
  if (isVoid(result) || isPointer(result))
    warn(`an iterator program returns 0, or 1 to be shown the object again, not '${typeText(result)}'`);
}
