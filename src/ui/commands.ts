/** Every command of the page, once: the palette lists them, the keyboard and the buttons run them. */
import { SPEEDS } from './store/cursor.ts';
import { asFrame } from './store/frame.ts';
import { cancel, run } from './store/page.ts';
import { traceOf } from './store/run.ts';
import { useStore } from './store/store.ts';
import type { DockTab, TimelineWay } from './store/view.ts';
import { THEMES } from './store/view.ts';
import { foldTrace } from './trace/fold.ts';
import { visitsOf } from './trace/object_state.ts';
import { UNITS, lastCall, largerUnit } from './trace/units.ts';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** KeyboardEvent.key, with `Shift+` or `Ctrl+` before it. */
  readonly keys: readonly string[];
  readonly run: () => void;
}

const state = () => useStore.getState();

const go = (call: number): void => {
  state().jump({ call, insn: null });
};

function goToEdge(end: boolean): void {
  const trace = traceOf(state());
  if (trace) go(end ? lastCall(foldTrace(trace)) : 0);
}

/** Previous or next place where a walk is cut short or the world changes. */
function goToCut(by: 1 | -1): void {
  const trace = traceOf(state());
  if (!trace) return;
  const { call } = state().at;
  const marks = [...foldTrace(trace).cuts, ...trace.changes.map((change) => change.call)];
  const beyond = marks.filter((mark) => (by === 1 ? mark > call : mark < call));
  const nearest = beyond.reduce((a, b) => (Math.abs(b - call) < Math.abs(a - call) ? b : a), Infinity);
  if (Number.isFinite(nearest)) go(nearest);
}

/** Next visit of the pinned object, from the beginning again after the last. */
function goToNextVisit(): void {
  const trace = traceOf(state());
  const { result, selected, at } = state();
  const node = result?.scene?.node(selected ?? -1);
  if (!trace || !node) return;
  const visits = visitsOf(foldTrace(trace), node);
  const to = visits.find((visit) => visit.call > at.call) ?? visits[0];
  if (to) go(to.call);
}

function changeSpeed(by: 1 | -1): void {
  const place = SPEEDS.findIndex((speed) => speed === state().speed);
  const next = SPEEDS[place + by];
  if (next !== undefined) state().setSpeed(next);
}

const DOCK_TABS: readonly (readonly [DockTab, string])[] = [
  ['output', 'Output'],
  ['verifier', 'Verifier log'],
  ['disassembly', 'Disassembly'],
  ['events', 'Events'],
  ['kernel', 'Kernel'],
  ['compare', 'Compare'],
  ['shell', 'Shell'],
  ['world', 'World: change it by hand'],
];

const TURNS: readonly (readonly [string, TimelineWay, string])[] = [
  ['w', 'in', 'Zoom into the timeline'],
  ['s', 'out', 'Zoom out of the timeline'],
  ['a', 'left', 'Move the timeline left'],
  ['d', 'right', 'Move the timeline right'],
];

export const COMMANDS: readonly Command[] = [
  { id: 'run', title: 'Run: record and play', group: 'Run', keys: ['F5'], run },
  { id: 'cancel', title: 'Cancel the run', group: 'Run', keys: [], run: cancel },
  {
    id: 'keep',
    title: 'Keep this run as A and compare',
    group: 'Run',
    keys: [],
    run: () => state().keepRun(),
  },
  {
    id: 'play',
    title: 'Play or pause',
    group: 'Move',
    keys: [' ', 'k'],
    run: () => (state().playing ? state().pause() : state().play()),
  },
  {
    id: 'step',
    title: 'Step by the unit',
    group: 'Move',
    keys: ['ArrowRight', '.'],
    run: () => state().stepBy(1),
  },
  {
    id: 'back',
    title: 'Back by the unit',
    group: 'Move',
    keys: ['ArrowLeft', ','],
    run: () => state().stepBy(-1),
  },
  {
    id: 'step-large',
    title: 'Step by the next larger unit',
    group: 'Move',
    keys: ['Shift+ArrowRight'],
    run: () => state().stepBy(1, largerUnit(state().unit)),
  },
  {
    id: 'back-large',
    title: 'Back by the next larger unit',
    group: 'Move',
    keys: ['Shift+ArrowLeft'],
    run: () => state().stepBy(-1, largerUnit(state().unit)),
  },
  { id: 'first', title: 'First event', group: 'Move', keys: ['Home'], run: () => goToEdge(false) },
  { id: 'last', title: 'Last event', group: 'Move', keys: ['End'], run: () => goToEdge(true) },
  {
    id: 'cut-before',
    title: 'Previous stop of the walk or change of the world',
    group: 'Move',
    keys: ['['],
    run: () => goToCut(-1),
  },
  {
    id: 'cut-after',
    title: 'Next stop of the walk or change of the world',
    group: 'Move',
    keys: [']'],
    run: () => goToCut(1),
  },
  {
    id: 'next-visit',
    title: 'Next visit of the pinned object',
    group: 'Move',
    keys: ['j'],
    run: goToNextVisit,
  },
  {
    id: 'find',
    title: 'Search the recording',
    group: 'View',
    keys: ['/'],
    run: () => state().setView({ finding: true }),
  },
  ...TURNS.map(([key, way, title]): Command => ({
    id: `timeline-${way}`,
    title,
    group: 'Move',
    keys: [key],
    run: () => state().turnTimeline(way),
  })),
  ...UNITS.map((unit, i): Command => ({
    id: `unit-${unit}`,
    title: `Step by ${unit}`,
    group: 'Unit and speed',
    keys: [String(i + 1)],
    run: () => state().setUnit(unit),
  })),
  { id: 'faster', title: 'Faster', group: 'Unit and speed', keys: ['+', '='], run: () => changeSpeed(1) },
  { id: 'slower', title: 'Slower', group: 'Unit and speed', keys: ['-'], run: () => changeSpeed(-1) },
  {
    id: 'graph',
    title: 'Graph view',
    group: 'View',
    keys: ['g'],
    run: () => state().setView({ graphView: 'graph' }),
  },
  {
    id: 'table',
    title: 'Table view',
    group: 'View',
    keys: ['t'],
    run: () => state().setView({ graphView: 'table' }),
  },
  {
    id: 'heat',
    title: 'Heat view',
    group: 'View',
    keys: ['h'],
    run: () => state().setView({ graphView: 'heat' }),
  },
  {
    id: 'share',
    title: 'Share or take along this moment',
    group: 'View',
    keys: [],
    run: () => state().setView({ shareOpen: true }),
  },
  { id: 'fit', title: 'Fit the picture', group: 'View', keys: ['0'], run: () => state().fit() },
  {
    id: 'follow',
    title: 'Follow the cursor; again: zoom to it',
    group: 'View',
    keys: ['f'],
    run: () => state().near(),
  },
  { id: 'fold', title: 'Fold or unfold the dock', group: 'View', keys: ['q'], run: () => state().fold() },
  {
    id: 'projector',
    title: 'Projector: for a room, on or off',
    group: 'View',
    keys: ['p'],
    run: () => state().setLooks({ projector: !state().projector }),
  },
  ...DOCK_TABS.map(([dockTab, title]): Command => ({
    id: `dock-${dockTab}`,
    title: `Show ${title}`,
    group: 'View',
    keys: [],
    run: () => state().setView({ dockTab, pane: 'output' }),
  })),
  {
    id: 'settings',
    title: 'Settings',
    group: 'Settings',
    keys: [],
    run: () => useStore.setState({ settingsOpen: true }),
  },
  ...THEMES.map((theme): Command => ({
    id: `theme-${theme}`,
    title: `Theme: ${theme}`,
    group: 'Settings',
    keys: [],
    run: () => state().setTheme(theme),
  })),
  {
    id: 'single-keys',
    title: 'Turn single-letter keys on or off',
    group: 'Settings',
    keys: [],
    run: () => state().setSingleKeys(!state().singleKeys),
  },
  {
    id: 'palette',
    title: 'Keys and commands',
    group: 'Settings',
    keys: ['Ctrl+k', '?'],
    run: () => state().setView({ paletteOpen: true }),
  },
];

const SYMBOLS: Readonly<Record<string, string>> = {
  ' ': 'Space',
  ArrowRight: '→',
  ArrowLeft: '←',
  'Shift+ArrowRight': 'Shift →',
  'Shift+ArrowLeft': 'Shift ←',
  'Ctrl+k': 'Ctrl K',
};
export const keyText = (key: string): string => SYMBOLS[key] ?? (key.length === 1 ? key.toUpperCase() : key);

const byKey = new Map(COMMANDS.flatMap((command) => command.keys.map((key) => [key, command] as const)));

/**
 * Does what a key asks for. A move waits for the frame that shows it: the browser looks for what is below the
 * pointer between keys and frame, and would lay the page out for that alone.
 */
export function obey(command: Command): void {
  if (command.group === 'Move') asFrame(command.run);
  else command.run();
}

/** Widgets that use arrows, letters or Space themselves. */
const OWN_KEYS =
  'input, textarea, select, [contenteditable], .monaco-editor, [role=tablist], [role=group] > button, [cmdk-root]';

/** The command of a key press, or null: typing and the widgets' own keys come first. */
export function commandFor(event: KeyboardEvent): Command | null {
  const modified = event.ctrlKey || event.metaKey;
  if (event.altKey) return null;
  const key = `${modified ? 'Ctrl+' : ''}${event.shiftKey && event.key.length > 1 ? 'Shift+' : ''}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
  const command = byKey.get(key);
  if (!command) return null;
  const everywhere = key === 'F5' || key === 'Ctrl+k';
  if (everywhere) return command;
  if (!state().singleKeys && key.length === 1 && key !== ' ') return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(OWN_KEYS)) return null;
  if (key === ' ' && target?.closest('button, [role=button]')) return null;
  return command;
}
