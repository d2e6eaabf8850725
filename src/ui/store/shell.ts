/**
 * The shell of the page's machine: lines go to the engine with the journal of those before, and iterators that
 * a line reads become the recording on show.
 */
import type { ShellCompletion, ShellResult } from '../../protocol/api.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import { scenarioOf } from './attach.ts';
import type { Engine } from './engine.ts';
import { runOf, shellText } from './recording.ts';
import { failureText } from './runner.ts';
import type { Runner } from './runner.ts';
import { useStore } from './store.ts';

let engine: Engine | null = null;
let runner: Runner | null = null;
/** Lines that the machine has seen. */
let journal: readonly string[] = [];

export function startShell(machine: Engine, runs: Runner): void {
  engine = machine;
  runner = runs;
}

const scenario = (): Scenario => ({ ...scenarioOf(useStore.getState()), shell: journal });

/** Goes on in a machine in which these lines were typed. */
export const typedBefore = (lines: readonly string[]): void => {
  journal = lines;
};

/** Forgets what was typed: the next line begins on a machine that has just booted. */
export const newMachine = (): void => {
  journal = [];
};

/** Types a line. @returns null when there is no answer, with the reason on the page */
export async function typeLine(line: string): Promise<ShellResult | null> {
  const state = useStore.getState();
  if (!engine || state.status !== 'idle') return null;
  const asked = scenario();
  if (line !== '') state.runStarted(asked);
  try {
    const answer = await engine.call('shell', { scenario: asked, line });
    if (line === '') return answer;
    useStore.getState().runEnded('');
    journal = answer.scenario.shell ?? [];
    if (answer.exited) newMachine();
    if (answer.sessions.length > 0) {
      runner?.adopt(answer.scenario);
      useStore.getState().runDone(answer.scenario, runOf(answer, shellText(answer), state));
    }
    return answer;
  } catch (error) {
    useStore.getState().runEnded(failureText(error));
    return null;
  } finally {
    runner?.answered();
  }
}

/** What Tab offers at a place of a line. */
export const completeLine = async (line: string, cursor: number): Promise<ShellCompletion | null> =>
  useStore.getState().status === 'idle'
    ? ((await engine?.call('complete', { scenario: scenario(), line, cursor })) ?? null)
    : null;
