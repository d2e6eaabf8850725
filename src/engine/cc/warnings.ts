/**
 * Every warning by the name that clang has for it, and what is said of each: nothing, a warning or an error.
 *
 *     -Wall -Wno-unused -Werror=format        flags, from the command line
 *     #pragma GCC diagnostic ignored "-W..."  the same names, from there on
 *
 * What clang has no word for, because it knows nothing of libbpf and the kernel, is called bpf-*. Without any
 * flag all of them are on. Some are errors unless they are switched off, as in clang.
 */
import { didYouMean, hintText } from './did_you_mean.ts';

/** What is said when no flag says otherwise. */
const USUAL = {
  '#warnings': 'warning',
  'array-bounds': 'warning',
  'bitfield-constant-conversion': 'warning',
  'bitwise-op-parentheses': 'warning',
  'bpf-buffer': 'warning',
  'bpf-extern': 'warning',
  'bpf-inline': 'warning',
  'bpf-iterator': 'warning',
  'bpf-license': 'warning',
  'bpf-map': 'warning',
  'bpf-section': 'warning',
  'compare-distinct-pointer-types': 'warning',
  'conditional-type-mismatch': 'warning',
  'constant-conversion': 'warning',
  'dangling-else': 'warning',
  'division-by-zero': 'warning',
  'empty-body': 'warning',
  'excess-initializers': 'warning',
  'for-loop-analysis': 'warning',
  format: 'warning',
  'format-extra-args': 'warning',
  'format-insufficient-args': 'warning',
  'format-invalid-specifier': 'warning',
  'implicit-function-declaration': 'error',
  'implicit-int': 'error',
  'incompatible-function-pointer-types': 'error',
  'incompatible-pointer-types': 'warning',
  'incompatible-pointer-types-discards-qualifiers': 'warning',
  'initializer-overrides': 'warning',
  'int-conversion': 'error',
  'int-to-pointer-cast': 'warning',
  'int-to-void-pointer-cast': 'warning',
  'logical-not-parentheses': 'warning',
  'logical-op-parentheses': 'warning',
  'macro-redefined': 'warning',
  'memset-transposed-args': 'warning',
  'misleading-indentation': 'warning',
  'missing-braces': 'warning',
  'missing-declarations': 'warning',
  parentheses: 'warning',
  'parentheses-equality': 'warning',
  'pass-failed': 'warning',
  'pointer-bool-conversion': 'warning',
  'pointer-sign': 'warning',
  'pointer-to-int-cast': 'warning',
  'pointer-type-mismatch': 'warning',
  'return-mismatch': 'error',
  'return-type': 'warning',
  'self-assign': 'warning',
  'shift-count-negative': 'warning',
  'shift-count-overflow': 'warning',
  'shift-op-parentheses': 'warning',
  'sign-compare': 'warning',
  'single-bit-bitfield-constant-conversion': 'warning',
  'sizeof-array-div': 'warning',
  'sizeof-pointer-div': 'warning',
  'sizeof-pointer-memaccess': 'warning',
  'sometimes-uninitialized': 'warning',
  'string-compare': 'warning',
  switch: 'warning',
  'tautological-compare': 'warning',
  'tautological-constant-out-of-range-compare': 'warning',
  uninitialized: 'warning',
  'unknown-attributes': 'warning',
  'unknown-escape-sequence': 'warning',
  'unknown-warning-option': 'warning',
  'unneeded-internal-declaration': 'warning',
  unsequenced: 'warning',
  'unused-but-set-variable': 'warning',
  'unused-comparison': 'warning',
  'unused-const-variable': 'warning',
  'unused-function': 'warning',
  'unused-label': 'warning',
  'unused-local-typedef': 'warning',
  'unused-value': 'warning',
  'unused-variable': 'warning',
  visibility: 'warning',
} as const satisfies Readonly<Record<string, 'warning' | 'error'>>;

export type Warning = keyof typeof USUAL;
/** `exempt`: a warning under -Werror too. */
type Level = 'ignored' | 'warning' | 'exempt' | 'error';

/** Names that stand for more than themselves. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'bitfield-constant-conversion': ['single-bit-bitfield-constant-conversion'],
  bpf: ['bpf-buffer', 'bpf-extern', 'bpf-inline', 'bpf-iterator', 'bpf-license', 'bpf-map', 'bpf-section'],
  conversion: [
    'bitfield-constant-conversion',
    'constant-conversion',
    'int-conversion',
    'pointer-bool-conversion',
  ],
  extra: ['sign-compare', 'initializer-overrides', 'empty-body'],
  format: ['format-extra-args', 'format-insufficient-args', 'format-invalid-specifier'],
  'int-to-pointer-cast': ['int-to-void-pointer-cast'],
  implicit: ['implicit-function-declaration', 'implicit-int'],
  'incompatible-pointer-types': [
    'incompatible-pointer-types-discards-qualifiers',
    'incompatible-function-pointer-types',
  ],
  most: [
    'array-bounds',
    'for-loop-analysis',
    'format',
    'implicit',
    'missing-braces',
    'return-type',
    'self-assign',
    'string-compare',
    'tautological-compare',
    'uninitialized',
    'unneeded-internal-declaration',
    'unsequenced',
    'unused',
  ],
  parentheses: [
    'bitwise-op-parentheses',
    'dangling-else',
    'logical-not-parentheses',
    'logical-op-parentheses',
    'parentheses-equality',
    'shift-op-parentheses',
  ],
  'return-type': ['return-mismatch'],
  'tautological-compare': ['tautological-constant-out-of-range-compare'],
  uninitialized: ['sometimes-uninitialized'],
  unused: [
    'unused-but-set-variable',
    'unused-function',
    'unused-label',
    'unused-local-typedef',
    'unused-value',
    'unused-variable',
  ],
  'unused-function': ['unneeded-internal-declaration'],
  'unused-value': ['unused-comparison'],
  'unused-variable': ['unused-const-variable'],
};

const isWarning = (name: string): name is Warning => Object.hasOwn(USUAL, name);
const WARNINGS: readonly Warning[] = Object.keys(USUAL).filter(isWarning);
const NAMES: readonly string[] = [...WARNINGS, ...Object.keys(GROUPS), 'all', 'everything'];

/** The warnings that a name means, or null. */
function meantBy(name: string): readonly Warning[] | null {
  if (name === 'all' || name === 'everything') return WARNINGS;
  const own = isWarning(name) ? [name] : [];
  const group = Object.hasOwn(GROUPS, name) ? (GROUPS[name] ?? []) : [];
  const all = [...own, ...group.flatMap((other) => (other === name ? [] : (meantBy(other) ?? [])))];
  return all.length > 0 ? all : null;
}

/** What is said of each warning, where that is not as usual; never changed in place. */
export interface Levels {
  readonly of: ReadonlyMap<Warning, Level>;
  /** -w: no warnings at all, whatever else is asked for. */
  readonly quiet: boolean;
  /** -Werror: what is a warning is an error. */
  readonly strict: boolean;
}

/** As it is without a flag. */
export const USUAL_LEVELS: Levels = { of: new Map(), quiet: false, strict: false };

/** How a warning is reported, and what stands behind it in brackets. */
interface Reported {
  readonly severity: 'warning' | 'error';
  readonly flag: string | null;
}

/** null: not at all. */
export function levelOf(levels: Levels, warning: Warning): Reported | null {
  const usual = USUAL[warning];
  const asked = levels.of.get(warning) ?? usual;
  if (asked === 'ignored') return null;
  const flag = `-W${warning}`;
  if (asked === 'error' && usual === 'error') return { severity: 'error', flag };
  if (levels.quiet) return null;
  const promoted = asked === 'error' || (asked === 'warning' && levels.strict);
  return promoted ? { severity: 'error', flag: `-Werror,${flag}` } : { severity: 'warning', flag };
}

/** The same for a warning that has no name. */
export const unnamed = ({ quiet, strict }: Levels): Reported | null =>
  quiet ? null : strict ? { severity: 'error', flag: '-Werror' } : { severity: 'warning', flag: null };

const changed = (levels: Levels, warnings: readonly Warning[], level: Level): Levels => {
  const of = new Map(levels.of);
  for (const warning of warnings) of.set(warning, level);
  return { ...levels, of };
};

/** What is said of a name that stands for nothing. @param near only when a name like it does */
export function unknownName(name: string, near = false): string | null {
  const [prefix = ''] = /^(no-)?(error=)?/.exec(name) ?? [];
  const meant = didYouMean(name.slice(prefix.length), NAMES);
  const hint = hintText(meant === null ? null : `-W${prefix}${meant}`);
  return near && meant === null ? null : `unknown warning option '-W${name}'${hint}`;
}

/** After `ignored`, `warning` or `error` in a #pragma; null: there is no such name. */
export function withPragma(levels: Levels, action: string, name: string): Levels | null {
  const warnings = meantBy(name);
  if (!warnings) return null;
  return action === 'ignored' || action === 'warning' || action === 'error'
    ? changed(levels, warnings, action)
    : levels;
}

/** `-w`, `-W...`: each goes on from those before it. @returns with what is wrong with them */
export function levelsFrom(flags: readonly string[]): { readonly levels: Levels; readonly wrong: string[] } {
  const wrong: string[] = [];
  let levels = USUAL_LEVELS;
  for (const flag of flags) {
    const { no, error, name = '' } = /^-W(?<no>no-)?(?<error>error=?)?(?<name>.*)$/.exec(flag)?.groups ?? {};
    if (flag === '-w') levels = { ...levels, quiet: true };
    else if (error !== undefined && name === '') levels = { ...levels, strict: no === undefined };
    else {
      const warnings = meantBy(name);
      if (!warnings) wrong.push(unknownName(`${no ?? ''}${error ?? ''}${name}`) ?? '');
      else if (error !== undefined) levels = changed(levels, warnings, no === undefined ? 'error' : 'exempt');
      else if (no !== undefined) levels = changed(levels, warnings, 'ignored');
      else
        levels = changed(
          levels,
          warnings.filter((w) => levels.of.get(w) === 'ignored'),
          'warning',
        );
    }
  }
  return { levels, wrong };
}
