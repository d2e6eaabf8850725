/** Files that are brought to the page: the engine judges them first, and what it refuses changes nothing. */
import type { Scenario } from '../../protocol/scenario.ts';
import { scenarioOf } from './attach.ts';
import type { Engine } from './engine.ts';
import { keepProgram } from './keep.ts';
import { failureText } from './runner.ts';
import { useStore } from './store.ts';

let engine: Engine | null = null;
export const startBringing = (machine: Engine): void => {
  engine = machine;
};

export type Brought =
  | { readonly kind: 'object' | 'btf'; readonly bytes: Uint8Array }
  | { readonly kind: 'world' | 'program' | 'module'; readonly text: string };

/** Takes a file in. @returns what happened, or why nothing did */
type Take<B extends Brought> = (
  name: string,
  file: B,
  ask: Engine,
) => Promise<{ readonly ok: boolean; readonly text: string }>;

const refuse = (text: string) => ({ ok: false, text });
const done = (text: string) => ({ ok: true, text });
const state = () => useStore.getState();

const takeWorld: Take<Extract<Brought, { text: string }>> = async (name, { text }, ask) => {
  const summary = await ask.call('world', { world: { name, text } });
  if (summary.error) return refuse(summary.error);
  state().bringWorld(name, text);
  state().addSummary(summary);
  return done(`the world is now this one: ${summary.tasks.length} tasks, ${summary.files} files`);
};

const takeProgram: typeof takeWorld = async (path, { text }) => {
  keepProgram({ path, text });
  state().pause();
  useStore.setState({ path, text, check: null, prog: null, object: null });
  return done('the program is in the editor');
};

const takeModule: typeof takeWorld = async (path, { text }) => {
  state().pause();
  state().setModule({ path, text });
  state().showModule(true);
  return done('the kernel has this code from now on');
};

const takeObject: Take<Extract<Brought, { kind: 'object' | 'btf' }>> = async (path, { bytes }, ask) => {
  const { options: _, ...now } = scenarioOf(state());
  const scenario: Scenario = { ...now, source: { path, object: bytes }, changes: [], options: {} };
  const { programs, diagnostics } = await ask.call('check', { scenario });
  const iterators = programs.filter(({ target }) => target !== '');
  if (iterators.length === 0) return refuse(diagnostics[0]?.message ?? 'no section of it is iter/TARGET');
  state().pause();
  state().bringObject({ path, bytes });
  return done(`run from now on: ${iterators.map(({ section }) => section).join(', ')}`);
};

const takeTypes: typeof takeObject = async (name, { bytes }, ask) => {
  const { world } = scenarioOf(state());
  const summary = await ask.call('world', { world, btf: bytes });
  if (summary.error) return refuse(summary.error);
  useStore.setState({ btf: { path: name, bytes } });
  return done('the kernel is laid out by these types');
};

const TAKE: { readonly [K in Brought['kind']]: Take<Extract<Brought, { kind: K }>> } = {
  world: takeWorld as Take<never>,
  program: takeProgram as Take<never>,
  module: takeModule as Take<never>,
  object: takeObject as Take<never>,
  btf: takeTypes as Take<never>,
};

/** Takes a file in, if the engine can make something of it; says on the page what became of it. */
export async function bring(name: string, file: Brought): Promise<void> {
  if (!engine || state().status !== 'idle') return say(name, refuse('a run is under way'));
  useStore.setState({ bringing: null });
  try {
    // Each kind has the function that takes its files; the type system cannot pair them up.
    say(name, await (TAKE[file.kind] as Take<Brought>)(name, file, engine));
  } catch (error) {
    say(name, refuse(failureText(error)));
  }
}

export const say = (name: string, { ok, text }: { readonly ok: boolean; readonly text: string }): void =>
  useStore.setState({ bringing: { ok, text: ok ? `${name}: ${text}.` : `${name} is not taken: ${text}.` } });
