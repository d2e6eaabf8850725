/**
 * Names that nobody needs, and variables that are read before they have a value: clang's -Wunused-variable,
 * -Wunused-but-set-variable, -Wunused-function, -Wunused-label, -Wuninitialized and -Wself-assign, in its words.
 * What the macros of our headers declare is theirs; `__attribute__((unused))` and any mention, `(void)x` too, say that it is meant.
 */
import type { FuncSymbol, ObjectSymbol, Stmt, VarSymbol } from './ast.ts';
import { followFlow } from './check_flow.ts';
import type { Context, OpenFunction } from './check_context.ts';
import { isPointer, qualifiersOf } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import type { Range } from './source.ts';
import type { Warning } from './warnings.ts';

function isTheirs(context: Context, range: Range): boolean {
  const { sources } = context;
  const macro = sources.macroUses.get(range.start)?.definition.start ?? range.start;
  return sources.fileAt(macro)?.bundled !== false;
}

function warn(context: Context, option: Warning, range: Range, message: string): void {
  if (!isTheirs(context, range)) context.lateWarning(option, range, message);
}

const isMeant = ({ attributes }: ObjectSymbol): boolean => attributes.unused || attributes.used;

function checkVariable(context: Context, symbol: VarSymbol, stores: number): void {
  const mentions = context.mentions.get(symbol) ?? 0;
  if (isMeant(symbol) || symbol.cleanup || mentions > stores) return;
  const { range, name } = symbol;
  if (mentions === 0) warn(context, 'unused-variable', range, `unused variable '${name}'`);
  else warn(context, 'unused-but-set-variable', range, `variable '${name}' set but not used`);
}

/** What is said of a function whose body was read without an error. */
export function checkBody(context: Context, open: OpenFunction, body: Stmt): void {
  const { unset, itself, stores, unsequenced } = followFlow(body);
  for (const { range, message } of unsequenced) context.lateWarning('unsequenced', range, message);
  for (const { symbol, range } of itself)
    if (!qualifiersOf(symbol.type).isVolatile)
      warn(
        context,
        'self-assign',
        range,
        `explicitly assigning value of variable of type '${typeText(symbol.type)}' to itself`,
      );
  for (const symbol of open.variables) checkVariable(context, symbol, stores.get(symbol) ?? 0);
  for (const [{ name }, range] of open.typedefs)
    warn(context, 'unused-local-typedef', range, `unused typedef '${name}'`);
  for (const { label, range, used } of open.labels.values())
    if (!used) warn(context, 'unused-label', range, `unused label '${label.name}'`);
  for (const { symbol, range, turn } of unset) {
    if (isTheirs(context, range)) continue;
    const { name, type } = symbol;
    const end = { start: symbol.range.end, end: symbol.range.end };
    const value = isPointer(type) ? ' = NULL' : ' = 0';
    const silence = {
      message: `initialize the variable '${name}' to silence this warning`,
      range: symbol.range,
    };
    context.lateWarning(
      turn ? 'sometimes-uninitialized' : 'uninitialized',
      turn?.range ?? range,
      turn
        ? `variable '${name}' is used uninitialized whenever ${turn.text}`
        : `variable '${name}' is uninitialized when used here`,
      turn ? [{ message: 'uninitialized use occurs here', range }, silence] : [silence],
      [{ title: `Initialize '${name}'`, range: end, text: value }],
    );
  }
}

/** What a file has for itself and does not use; headers may offer more than one file needs. */
export function checkFile(context: Context): void {
  const file = context.sources.files[0];
  const isHere = ({ range }: ObjectSymbol): boolean => context.sources.fileAt(range.start) === file;
  const unused = (symbol: FuncSymbol | VarSymbol): boolean =>
    symbol.storage === 'static' && !symbol.referenced && !isMeant(symbol) && isHere(symbol);
  for (const symbol of context.functions)
    if (!unused(symbol)) continue;
    else if (!context.mentions.has(symbol))
      warn(context, 'unused-function', symbol.range, `unused function '${symbol.name}'`);
    else {
      const message = `function '${symbol.name}' is not needed and will not be emitted`;
      warn(context, 'unneeded-internal-declaration', symbol.range, message);
    }
  for (const symbol of context.variables) {
    const counts = unused(symbol) && !symbol.owner && symbol.name !== '' && !context.mentions.has(symbol);
    const option = qualifiersOf(symbol.type).isConst ? 'unused-const-variable' : 'unused-variable';
    if (counts) warn(context, option, symbol.range, `unused variable '${symbol.name}'`);
  }
}
