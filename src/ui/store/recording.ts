/**
 * A scenario's recording, whoever reads: the page itself, a line of its shell, or a reader program. All three
 * give the same: sessions, the picture of each, and what is told of the program.
 */
import type { RunResult, ShellResult } from '../../protocol/api.ts';
import type { ReaderResult } from '../../protocol/reader.ts';
import { NOTHING_DONE } from '../../protocol/report.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import type { Engine } from './engine.ts';
import type { PageState } from './store.ts';

/** Reads that others have made, as a run. @param text what they wrote */
export function runOf(
  { sessions, views, cancelled }: Pick<RunResult, 'sessions' | 'views' | 'cancelled'>,
  text: string,
  { check }: PageState,
): RunResult {
  const read = sessions.flatMap(({ reads }) => reads).reduce((sum, { ret }) => sum + Math.max(0, ret), 0);
  // The program on the page, when it is the only one that may have been read.
  const programs = check?.programs.filter(({ target }) => target === sessions[0]?.target) ?? [];
  return {
    // A filter behind the reader leaves something else than what was read.
    report: { ...NOTHING_DONE, stage: 'done', output: text.length === read ? text : '' },
    sessions,
    views,
    program: programs.length === 1 ? (programs[0] ?? null) : null,
    cancelled,
  };
}

export const shellText = ({ output }: ShellResult): string =>
  output.map(({ channel, text }) => (channel === 'stdout' ? text : '')).join('');

export const askShell = (engine: Engine, scenario: Scenario): Promise<ShellResult> =>
  engine.call('shell', {
    scenario: { ...scenario, shell: scenario.shell?.slice(0, -1) ?? [] },
    line: scenario.shell?.at(-1) ?? '',
  });

interface Recording {
  readonly result: RunResult;
  /** What a reader program did beside its reads. */
  readonly reader: ReaderResult | null;
}

/** Records what a scenario says. */
export async function record(engine: Engine, scenario: Scenario, state: PageState): Promise<Recording> {
  const { reader, shell = [] } = scenario;
  if (reader) {
    const answer = await engine.call('exec', { scenario, reader });
    return { result: runOf(answer, answer.stdout, state), reader: answer };
  }
  if (shell.length === 0) return { result: await engine.call('run', { scenario }), reader: null };
  const answer = await askShell(engine, scenario);
  return { result: runOf(answer, shellText(answer), state), reader: null };
}
