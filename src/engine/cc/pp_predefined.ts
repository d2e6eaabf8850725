/** Macros that are there before the first line: what clang 19 defines for `-target bpf`, and the computed ones. Other profiles look like x86-64 Linux. */
import { BUILTIN_NAMES } from './builtins.ts';
import { cpuMacros } from './cpu.ts';
import { allTokens, textLexer } from './lex.ts';
import type { Token } from './lex.ts';
import type { Macro } from './pp_macro.ts';
import type { Preprocessor } from './preprocess.ts';
import type { ProfileName } from './profile.ts';
import { NOWHERE } from './source.ts';

const OBJECT_MACROS: Readonly<Record<string, string>> = {
  __STDC__: '1',
  __STDC_VERSION__: '201710L',
  __STDC_HOSTED__: '0',
  __STDC_UTF_16__: '1',
  __STDC_UTF_32__: '1',
  __bpf__: '1',
  __BPF__: '1',
  __BPF_FEATURE_ADDR_SPACE_CAST: '1',
  __clang__: '1',
  __clang_major__: '19',
  __clang_minor__: '1',
  __clang_patchlevel__: '7',
  __clang_version__: '"19.1.7"',
  __llvm__: '1',
  __GNUC__: '4',
  __GNUC_MINOR__: '2',
  __GNUC_PATCHLEVEL__: '1',
  __GNUC_STDC_INLINE__: '1',
  __VERSION__: '"Clang 19.1.7"',
  __OPTIMIZE__: '1',
  __ELF__: '1',
  __LP64__: '1',
  _LP64: '1',
  __CHAR_BIT__: '8',
  __BOOL_WIDTH__: '8',
  __SIZEOF_SHORT__: '2',
  __SIZEOF_INT__: '4',
  __SIZEOF_LONG__: '8',
  __SIZEOF_LONG_LONG__: '8',
  __SIZEOF_POINTER__: '8',
  __SIZEOF_SIZE_T__: '8',
  __SIZEOF_PTRDIFF_T__: '8',
  __SIZEOF_WCHAR_T__: '4',
  __SIZEOF_INT128__: '16',
  __ORDER_LITTLE_ENDIAN__: '1234',
  __ORDER_BIG_ENDIAN__: '4321',
  __ORDER_PDP_ENDIAN__: '3412',
  __BYTE_ORDER__: '__ORDER_LITTLE_ENDIAN__',
  __LITTLE_ENDIAN__: '1',
  __SCHAR_MAX__: '127',
  __SHRT_MAX__: '32767',
  __INT_MAX__: '2147483647',
  __LONG_MAX__: '9223372036854775807L',
  __LONG_LONG_MAX__: '9223372036854775807LL',
  __SIZE_MAX__: '18446744073709551615UL',
  __INT8_TYPE__: 'signed char',
  __INT16_TYPE__: 'short',
  __INT32_TYPE__: 'int',
  __INT64_TYPE__: 'long int',
  __UINT8_TYPE__: 'unsigned char',
  __UINT16_TYPE__: 'unsigned short',
  __UINT32_TYPE__: 'unsigned int',
  __UINT64_TYPE__: 'long unsigned int',
  __SIZE_TYPE__: 'long unsigned int',
  __PTRDIFF_TYPE__: 'long int',
  __INTPTR_TYPE__: 'long int',
  __UINTPTR_TYPE__: 'long unsigned int',
  __INTMAX_TYPE__: 'long int',
  __UINTMAX_TYPE__: 'long unsigned int',
  __WCHAR_TYPE__: 'int',
  __USER_LABEL_PREFIX__: '',
  __REGISTER_PREFIX__: '',
  __GCC_HAVE_SYNC_COMPARE_AND_SWAP_1: '1',
  __GCC_HAVE_SYNC_COMPARE_AND_SWAP_2: '1',
  __GCC_HAVE_SYNC_COMPARE_AND_SWAP_4: '1',
  __GCC_HAVE_SYNC_COMPARE_AND_SWAP_8: '1',
  __ATOMIC_RELAXED: '0',
  __ATOMIC_CONSUME: '1',
  __ATOMIC_ACQUIRE: '2',
  __ATOMIC_RELEASE: '3',
  __ATOMIC_ACQ_REL: '4',
  __ATOMIC_SEQ_CST: '5',
  __DATE__: '"Jan  1 1970"',
  __TIME__: '"00:00:00"',
};

/** Attributes for which __has_attribute says yes. */
const ATTRIBUTES = new Set(
  (
    'section used unused weak noinline always_inline visibility aligned packed preserve_access_index btf_decl_tag ' +
    'btf_type_tag cleanup naked noreturn address_space fallthrough deprecated format bpf_fastcall pure const malloc nonnull'
  ).split(' '),
);

/** Instead of those that say BPF. */
const HOSTED: Readonly<Record<string, string>> = {
  __STDC_HOSTED__: '1',
  __linux__: '1',
  __gnu_linux__: '1',
  __unix__: '1',
  __x86_64__: '1',
  __amd64__: '1',
};
const KERNEL: Readonly<Record<string, string>> = { ...HOSTED, __STDC_HOSTED__: '0', __KERNEL__: '1' };

function macrosOf(profile: ProfileName): Readonly<Record<string, string>> {
  if (profile === 'bpf') return OBJECT_MACROS;
  const shared = Object.entries(OBJECT_MACROS).filter(([name]) => !/^__bpf/i.test(name));
  return { ...Object.fromEntries(shared), ...(profile === 'kernel' ? KERNEL : HOSTED) };
}

const predefined = new Map<ProfileName, readonly Macro[]>();

/** Puts every predefined macro in place. */
export function predefine(pp: Preprocessor): void {
  const { name: profile } = pp.profile;
  let macros = predefined.get(profile);
  if (!macros) {
    macros = Object.entries(macrosOf(profile)).map(([name, text]) => textMacro(pp, name, text));
    predefined.set(profile, macros);
  }
  for (const macro of macros) pp.macros.set(macro.name, { ...macro });
  for (const [name, text] of Object.entries(cpuMacros(pp.cpu))) defineText(pp, name, text);
  const computed = (
    name: string,
    params: readonly string[] | null,
    compute: NonNullable<Macro['compute']>,
  ): void => {
    pp.macros.set(name, { name, params, variadic: false, body: [], range: NOWHERE, compute, active: false });
  };
  const number = (use: Token, text: string): Token[] => [{ ...use, kind: 'number', text }];
  const string = (use: Token, text: string): Token[] => [
    { ...use, kind: 'string', text: `"${text.replace(/[\\"]/g, '\\$&')}"` },
  ];
  const has = (name: string, known: ReadonlySet<string>): void =>
    computed(name, ['x'], (use, arg) => {
      const spelt = (arg[0]?.text ?? '').replace(
        /^__(.*[^_].*)__$/,
        name === '__has_attribute' ? '$1' : '$&',
      );
      return number(use, known.has(spelt) ? '1' : '0');
    });
  computed('__LINE__', null, (use) => number(use, String(pp.sources.position(use.loc).line)));
  computed('__FILE__', null, (use) => string(use, pp.sources.position(use.loc).file));
  computed('__FILE_NAME__', null, (use) =>
    string(use, pp.sources.position(use.loc).file.split('/').at(-1) ?? ''),
  );
  computed('__BASE_FILE__', null, (use) => string(use, pp.sources.files[0]?.path ?? ''));
  computed('__COUNTER__', null, (use) => number(use, String(pp.nextCounter())));
  computed('__INCLUDE_LEVEL__', null, (use) => number(use, String(pp.includeDepth - 1)));
  has('__has_builtin', BUILTIN_NAMES);
  has('__has_attribute', ATTRIBUTES);
  has('__has_c_attribute', new Set(['fallthrough', 'unused', 'maybe_unused']));
  has('__has_feature', new Set(['c_static_assert', 'c_generic_selections', 'c_alignas', 'c_alignof']));
  has('__has_extension', new Set(['c_static_assert', 'c_generic_selections', 'c_alignas', 'c_alignof']));
  has('__has_warning', new Set());
  computed('__is_identifier', ['x'], (use) => number(use, '0'));
}

/** Defines an object-like macro from text: predefined ones, and `--define NAME=V`. */
export function defineText(pp: Preprocessor, name: string, text: string): void {
  pp.macros.set(name, textMacro(pp, name, text));
}

const textMacro = (pp: Preprocessor, name: string, text: string): Macro => ({
  name,
  params: null,
  variadic: false,
  body: allTokens(textLexer(text, pp.diagnostics)).map((t) => ({ ...t, bol: false })),
  range: NOWHERE,
  compute: null,
  active: false,
});
