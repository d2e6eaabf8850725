/** The world beside its name: changes made by hand, and worlds, types and objects that were brought to the page. */
import type { StateCreator } from 'zustand';
import type { Scenario, ScenarioChange } from '../../protocol/scenario.ts';
import type { PageState } from './store.ts';

/** A change that the engine could make, and what it said of it. */
export interface MadeChange {
  readonly change: ScenarioChange;
  /** '' when the change came with a scenario and has not been tried here. */
  readonly text: string;
}

/** A binary file: an object in place of the program's text, or types. */
export interface BroughtObject {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface WorldSlice {
  /** The journal, oldest first. */
  readonly changes: readonly MadeChange[];
  /** The engine tries a change. */
  readonly changing: boolean;
  /** Why the last change cannot be made; ''. */
  readonly changeError: string;
  /** Texts of the worlds that are not shipped, by name. */
  readonly brought: Readonly<Record<string, string>>;
  /** What is run instead of the text in the editor. */
  readonly object: BroughtObject | null;
  /** Types of another kernel, by which the world is laid out. */
  readonly btf: BroughtObject | null;
  /** Global variables that are set before load, as typed; of the program at `path`. */
  readonly globals: { readonly path: string; readonly values: Readonly<Record<string, string>> };
  /** What became of the file that was last brought. */
  readonly bringing: { readonly ok: boolean; readonly text: string } | null;
  /** '' leaves the variable as the program has it. */
  setGlobal: (name: string, text: string) => void;
  setChanges: (changes: readonly MadeChange[]) => void;
  bringWorld: (name: string, text: string) => void;
  bringObject: (object: BroughtObject | null) => void;
}

export const worldSlice: StateCreator<PageState, [], [], WorldSlice> = (set, get) => ({
  changes: [],
  changing: false,
  changeError: '',
  brought: {},
  object: null,
  btf: null,
  globals: { path: '', values: {} },
  bringing: null,
  setGlobal: (name, text) => {
    const { globals, path } = get();
    const { [name]: _, ...others } = globals.path === path ? globals.values : {};
    set({ globals: { path, values: text === '' ? others : { ...others, [name]: text } } });
  },
  setChanges: (changes) => set({ changes, changeError: '' }),
  bringWorld: (name, text) => {
    const { brought, worlds, summaries } = get();
    const { [name]: _, ...others } = summaries;
    set({
      brought: { ...brought, [name]: text },
      worlds: worlds.includes(name) ? worlds : [...worlds, name],
      summaries: others,
      world: name,
      changes: [],
      changeError: '',
    });
  },
  bringObject: (object) => set({ object, check: null, prog: null }),
});

/** What a scenario says of the world and the program that came with it. */
export function broughtTo(
  state: PageState,
): Pick<Scenario, 'world' | 'source' | 'module' | 'changes' | 'btf'> {
  const text = state.brought[state.world];
  return {
    world: text === undefined ? { name: state.world } : { name: state.world, text },
    source: state.object
      ? { path: state.object.path, object: state.object.bytes }
      : { path: state.path, text: state.text },
    ...(state.module ? { module: state.module } : {}),
    ...(state.btf ? { btf: state.btf.bytes } : {}),
    ...(state.changes.length > 0 ? { changes: state.changes.map(({ change }) => change) } : {}),
  };
}

/** Whether a scenario has the world, the changes and the program that the page has. */
export function sameWorld(scenario: Scenario, state: PageState): boolean {
  const now = broughtTo(state);
  return (
    scenario.world.name === now.world.name &&
    ('text' in scenario.world ? scenario.world.text : undefined) === state.brought[state.world] &&
    scenario.btf === now.btf &&
    scenario.source.object === now.source.object &&
    scenario.source.text === now.source.text &&
    scenario.source.path === now.source.path &&
    scenario.module?.text === now.module?.text &&
    scenario.module?.path === now.module?.path &&
    JSON.stringify(scenario.options.set ?? []) === JSON.stringify(setOf(state)) &&
    JSON.stringify(scenario.changes ?? []) === JSON.stringify(now.changes ?? [])
  );
}

/** Global variables as a run takes them. */
export const setOf = ({ globals, path }: PageState): readonly (readonly [string, string])[] =>
  globals.path === path ? Object.entries(globals.values) : [];
