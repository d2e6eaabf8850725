/**
 * The shell of the page's machine: lines go to the engine with the journal of those before, and iterators that
 * a line reads become the recording on show.
 */
import type { ShellCompletion, ShellResult } from '../../protocol/api.ts';
import type { RunReport } from '../../protocol/report.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import { scenarioOf } from './attach.ts';
import type { Engine } from './engine.ts';
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

/** Forgets what was typed: the next line begins on a machine that has just booted. */
export const newMachine = (): void => {
  journal = [];
};

/** What the reads of a line are as a run: nothing was attached by the page, and the bytes are the line's own. */
function reportOf({ sessions, output }: ShellResult): RunReport {
  const text = output.map((each) => (each.channel === 'stdout' ? each.text : '')).join('');
  const read = sessions.flatMap(({ reads }) => reads).reduce((sum, { ret }) => sum + Math.max(0, ret), 0);
  return {
    stage: 'done',
    diagnostics: [],
    verdict: null,
    attach: null,
    link: null,
    link_fdinfo: null,
    reads: [],
    // A filter behind the reader leaves something else than what was read.
    output: text.length === read ? text : '',
    trace_pipe: '',
    ringbufs: {},
    globals: {},
    maps: {},
  };
}

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
      const [session] = answer.sessions;
      // The program on the page, when it is the only one that the reader may have run.
      const programs = state.check?.programs.filter(({ target }) => target === session?.target) ?? [];
      useStore.getState().runDone(answer.scenario, {
        report: reportOf(answer),
        sessions: answer.sessions,
        program: programs.length === 1 ? (programs[0] ?? null) : null,
        scene: null,
        ctx: 0n,
        cancelled: false,
      });
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
