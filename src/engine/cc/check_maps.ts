/**
 * Map definitions as libbpf reads them: a struct in `.maps` whose members say with their types what the map is.
 * A misspelt member is no error of C, and a definition elsewhere is only a variable.
 */
import type { VarSymbol } from './ast.ts';
import type { Context } from './check_context.ts';
import { memberNames, unsugar } from './ctype.ts';
import { didYouMean, hintText } from './did_you_mean.ts';

const MEMBERS: readonly string[] = [
  'type',
  'max_entries',
  'map_flags',
  'key',
  'key_size',
  'value',
  'value_size',
  'values',
  'numa_node',
  'pinning',
  'map_extra',
];

/** What a definition of a map would have. */
const looksLikeMap = (names: readonly string[]): boolean =>
  names.includes('type') && names.includes('max_entries');

function checkMap(context: Context, symbol: VarSymbol): void {
  const { name, range, attributes } = symbol;
  const type = unsugar(symbol.type);
  if (type.kind !== 'record' || context.sources.fileAt(range.start)?.bundled) return;
  const names = [...memberNames(type)];
  if (attributes.section !== '.maps') {
    const legacy = attributes.section === 'maps';
    if (legacy || looksLikeMap(names))
      context.lateWarning(
        'bpf-map',
        range,
        `'${name}' is no map for libbpf: its definition needs SEC(".maps")`,
      );
    return;
  }
  for (const member of names.filter((each) => !MEMBERS.includes(each))) {
    const hint = hintText(didYouMean(member, MEMBERS));
    context.lateWarning('bpf-map', range, `map '${name}': libbpf knows no member '${member}'${hint}`);
  }
  if (!names.includes('type'))
    context.lateWarning('bpf-map', range, `map '${name}' has no type: __uint(type, ...)`);
}

export function checkMaps(context: Context): void {
  for (const symbol of context.variables)
    if (symbol.owner === null && symbol.name !== '') checkMap(context, symbol);
}
