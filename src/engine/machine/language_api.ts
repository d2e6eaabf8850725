/** The editor's questions, for the types that the last check was made with. What answers them is loaded when the first one comes. */
import type { LanguageApi } from '../../protocol/language.ts';
import type { Btf } from '../btf/parse.ts';

type Asked = {
  [M in keyof LanguageApi]: (args: Parameters<LanguageApi[M]>[0]) => Promise<ReturnType<LanguageApi[M]>>;
};

export function languageMethods(types: () => Btf): Asked {
  let last: { readonly btf: Btf; readonly api: LanguageApi } | null = null;
  const api = async (): Promise<LanguageApi> => {
    const { createLanguageApi } = await import('../analyze/language.ts');
    const btf = types();
    if (last?.btf !== btf) last = { btf, api: createLanguageApi(btf) };
    return last.api;
  };
  return {
    hover: async (args) => (await api()).hover(args),
    completions: async (args) => (await api()).completions(args),
    signature: async (args) => (await api()).signature(args),
    definition: async (args) => (await api()).definition(args),
    references: async (args) => (await api()).references(args),
    rename: async (args) => (await api()).rename(args),
    symbols: async (args) => (await api()).symbols(args),
    tokens: async (args) => (await api()).tokens(args),
    folds: async (args) => (await api()).folds(args),
  };
}
