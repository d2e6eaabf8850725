/** Kernel code of the user's beside the program, and which of the two is in the editor. */
import type { StateCreator } from 'zustand';
import type { KernelSource } from '../../protocol/scenario.ts';
import { keep, kept } from './keep.ts';
import type { PageState } from './store.ts';

const KEY = 'module';

export interface ModuleSlice {
  /** null: the kernel has only its own targets. */
  readonly module: KernelSource | null;
  readonly moduleShown: boolean;
  /** As `reveal`, in the module. */
  readonly moduleReveal: PageState['reveal'];
  setModule: (module: KernelSource | null) => void;
  showModule: (moduleShown: boolean) => void;
  /** Goes to a line of the file that a message names. */
  goTo: (file: string, line: number, column?: number) => void;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const moduleSlice: StateCreator<PageState, [], [], ModuleSlice> = (set, get) => ({
  module: null,
  moduleShown: false,
  moduleReveal: null,
  setModule: (module) => {
    keep(KEY, JSON.stringify(module));
    set({ module, ...(module ? {} : { moduleShown: false }) });
  },
  showModule: (moduleShown) => set({ moduleShown }),
  goTo: (file, line, column = 1) => {
    const { module, moduleReveal, revealLine } = get();
    const moduleShown = module !== null && nameOf(file) === nameOf(module.path);
    set({ moduleShown, pane: 'code' });
    if (moduleShown) set({ moduleReveal: { line, column, times: (moduleReveal?.times ?? 0) + 1 } });
    else revealLine(line, column);
  },
});

/** What was kept of a visit before. */
export function keptModule(): KernelSource | null {
  try {
    const value: unknown = JSON.parse(kept(KEY) ?? 'null');
    const { path, text } = (value ?? {}) as Partial<KernelSource>;
    return typeof path === 'string' && typeof text === 'string' ? { path, text } : null;
  } catch {
    return null;
  }
}
