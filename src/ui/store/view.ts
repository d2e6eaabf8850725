/** How the page looks: theme, tabs, what is selected. */
import type { StateCreator } from 'zustand';
import { keep, kept } from './keep.ts';
import type { PageState } from './store.ts';

export const THEMES = ['system', 'dark', 'light'] as const;
export type Theme = (typeof THEMES)[number];
export type DockTab =
  | 'output'
  | 'verifier'
  | 'disassembly'
  | 'events'
  | 'kernel'
  | 'compare'
  | 'world'
  | 'shell'
  | 'reader'
  | 'code'
  | 'module'
  | 'inspect';
export type InspectorTab = 'object' | 'registers' | 'stack' | 'maps';
export type GraphView = 'graph' | 'table' | 'heat';
export type Pane = 'code' | 'graph' | 'output' | 'inspect';

export type TimelineWay = 'in' | 'out' | 'left' | 'right';

export interface ViewSlice {
  readonly theme: Theme;
  readonly dockTab: DockTab;
  /** The dock's right half, when it is split. */
  readonly secondDockTab: DockTab;
  readonly split: boolean;
  readonly inspectorTab: InspectorTab;
  readonly graphView: GraphView;
  /** The one pane of a narrow page. */
  readonly pane: Pane;
  readonly follow: boolean;
  /** Node of the scene pinned in the inspector, or null: follow the cursor. */
  readonly selected: number | null;
  readonly paletteOpen: boolean;
  readonly shareOpen: boolean;
  /** Whether the line to search the recording is on show, what it says, and whether playing pauses there. */
  readonly finding: boolean;
  readonly find: string;
  readonly breaks: boolean;
  /** What a key asked of the timeline, with a count so that the same can be asked for twice. */
  readonly turn: { readonly way: TimelineWay; readonly times: number } | null;
  readonly singleKeys: boolean;
  /** Requests to fit the picture; each one counts. */
  readonly fits: number;
  /** How often the picture was asked to come near to the cursor. */
  readonly nears: number;
  /** How often the dock was asked to fold or to unfold. */
  readonly folds: number;
  setTheme: (theme: Theme) => void;
  setView: (
    patch: Partial<
      Pick<
        ViewSlice,
        | 'dockTab'
        | 'secondDockTab'
        | 'split'
        | 'inspectorTab'
        | 'graphView'
        | 'pane'
        | 'follow'
        | 'selected'
        | 'paletteOpen'
        | 'shareOpen'
        | 'finding'
        | 'find'
        | 'breaks'
      >
    >,
  ) => void;
  setSingleKeys: (on: boolean) => void;
  fit: () => void;
  /** Brings the cursor into view; when it is followed already, enlarges it. */
  near: () => void;
  fold: () => void;
  turnTimeline: (way: TimelineWay) => void;
}

const isTheme = (text: string | null): text is Theme => (THEMES as readonly (string | null)[]).includes(text);

export const viewSlice: StateCreator<PageState, [], [], ViewSlice> = (set, get) => {
  const theme = kept('theme');
  return {
    theme: isTheme(theme) ? theme : 'system',
    dockTab: 'output',
    secondDockTab: 'disassembly',
    split: true,
    inspectorTab: 'object',
    graphView: 'graph',
    pane: 'code',
    follow: true,
    selected: null,
    paletteOpen: false,
    shareOpen: false,
    finding: false,
    find: '',
    breaks: false,
    turn: null,
    singleKeys: kept('single-keys') !== 'off',
    fits: 0,
    nears: 0,
    folds: 0,
    setTheme: (next) => {
      keep('theme', next);
      showTheme(next);
      set({ theme: next });
    },
    setView: (patch) => set(patch),
    setSingleKeys: (on) => {
      keep('single-keys', on ? 'on' : 'off');
      set({ singleKeys: on });
    },
    fit: () => set({ fits: get().fits + 1 }),
    near: () => {
      const { follow, selected, nears } = get();
      set(follow && selected === null ? { nears: nears + 1 } : { follow: true, selected: null });
    },
    fold: () => set({ folds: get().folds + 1 }),
    turnTimeline: (way) => set({ turn: { way, times: (get().turn?.times ?? 0) + 1 } }),
  };
};

/** Puts a theme on the root element; `system` leaves the choice to the browser. */
export function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}
