/** What is said of a whole BPF object once it is read: its sections and its licence. */
import { findSectionDef, parseSectionName, SECTION_DEFS } from '../abi/section.ts';
import type { FuncSymbol } from './ast.ts';
import type { Context } from './check_context.ts';
import { checkIterator } from './check_iterator.ts';
import { checkMaps } from './check_maps.ts';
import { checkFile } from './check_names.ts';
import { pointee, unsugar, VOID } from './ctype.ts';
import { didYouMean, hintText } from './did_you_mean.ts';

const LICENSE = 'char LICENSE[] SEC("license") = "GPL";';

/** The section of a program, without libbpf's `?`; null for subprograms. */
function programSection({ attributes, definition }: FuncSymbol): string | null {
  const { section } = attributes;
  if (!definition || section === null || section.startsWith('.')) return null;
  return parseSectionName(section).name;
}

/** `iter/task` for `itr/task`: only the kind can be misspelt. */
function meantSection(name: string): string | null {
  const [kind = '', ...rest] = name.split('/');
  const meant = didYouMean(
    kind,
    SECTION_DEFS.map(({ pattern }) => pattern.replace('+', '')),
  );
  return meant && [meant, ...rest].join('/');
}

/** Warns of externs that libbpf has nowhere to look for. */
function checkExterns(context: Context): void {
  for (const { kind, name, range, attributes, builtin, referenced } of context.externs) {
    if (!referenced || builtin || attributes.section !== null) continue;
    const where = kind === 'func' ? '__ksym (a function of the kernel)' : '__kconfig or __ksym';
    context.lateWarning('bpf-extern', range, `extern '${name}' will not be found: declare it with ${where}`);
  }
}

/** Warns of what has an iterator's context and no section: libbpf takes it for a function. */
function checkUnnamed(context: Context, symbol: FuncSymbol): void {
  const { attributes, definition, storage, signature, name, referenced } = symbol;
  if (!definition || storage === 'static' || attributes.section !== null || referenced) return;
  const [first, ...more] = signature.params;
  const to = unsugar((first && pointee(first.type)) ?? VOID);
  const target =
    to.kind === 'record' && more.length === 0 ? /^bpf_iter__(\w+)$/.exec(to.name)?.[1] : undefined;
  if (target === undefined) return;
  context.lateWarning(
    'bpf-section',
    symbol.range,
    `'${name}' is in no section, so it is no program: SEC("iter/${target}")`,
  );
}

/** Warns of programs in sections that libbpf does not know, and of an object without a licence. */
export function checkUnit(context: Context): void {
  if (context.diagnostics.errors === 0) checkFile(context);
  const programs = context.functions.filter((symbol) => programSection(symbol) !== null);
  for (const symbol of programs) {
    const name = programSection(symbol) ?? '';
    checkIterator(context, symbol, name);
    if (findSectionDef(name)) continue;
    context.lateWarning(
      'bpf-section',
      symbol.range,
      `libbpf knows no section '${name}': '${symbol.name}' will have no program type${hintText(meantSection(name))}`,
    );
  }
  for (const symbol of context.functions) checkUnnamed(context, symbol);
  checkMaps(context);
  checkExterns(context);
  const [first] = programs;
  const licensed = context.variables.some(({ attributes }) => attributes.section === 'license');
  if (!first || licensed || context.diagnostics.errors > 0) return;
  const file = context.sources.files[0];
  const end = file ? file.base + file.text.length : 0;
  context.lateWarning(
    'bpf-license',
    first.range,
    `no licence is declared: the kernel refuses what it offers only to GPL programs; add ${LICENSE}`,
    [],
    [{ title: 'Add a GPL licence', range: { start: end, end }, text: `\n${LICENSE}\n` }],
  );
}
