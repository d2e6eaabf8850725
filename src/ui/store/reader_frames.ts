/** The functions that run at the reader's place, with their variables: asked of the engine, a part of the run at a time. */
import { create } from 'zustand';
import type { ReaderFrame, ReaderTrace } from '../../protocol/reader.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import type { Engine } from './engine.ts';
import { failureText } from './runner.ts';
import type { Runner } from './runner.ts';
import { useStore } from './store.ts';

/** Steps of one part. */
const PART = 256;

interface KnownFrames {
  readonly trace: ReaderTrace | null;
  readonly from: number;
  readonly steps: readonly (readonly ReaderFrame[])[];
}

export const useFrames = create<KnownFrames>()(() => ({ trace: null, from: 0, steps: [] }));

let ask: (scenario: Scenario, from: number) => Promise<KnownFrames['steps']> = () => Promise.resolve([]);

export function startFrames(engine: Engine, runner: Runner): void {
  ask = async (scenario, from) => {
    const known = await engine.ask('readerFrames', { from, count: PART });
    if (known) return known;
    // The worker is another one than ran the reader.
    await runner.ensureLoaded(scenario);
    return (await engine.ask('readerFrames', { from, count: PART })) ?? [];
  };
}

/** @returns the innermost first; null: not known yet */
export const framesAt = (
  { trace: of, from, steps }: KnownFrames,
  trace: ReaderTrace,
  step: number,
): readonly ReaderFrame[] | null => (of === trace ? (steps[step - from] ?? null) : null);

let asked: { readonly trace: ReaderTrace; readonly from: number } | null = null;
/** Asks for the part of the run that a step belongs to, once. */
export function wantFrames(scenario: Scenario, trace: ReaderTrace, step: number): void {
  const known = useFrames.getState();
  const question = { trace, from: step - (step % PART) };
  const isIt = (other: typeof asked | KnownFrames): boolean =>
    other?.trace === trace && other.from === question.from;
  if (isIt(known) || isIt(asked)) return;
  asked = question;
  ask(scenario, question.from).then(
    (steps) => {
      if (asked !== question) return;
      asked = null;
      useFrames.setState({ ...question, steps });
    },
    (error: unknown) => {
      asked = null;
      useStore.setState({ failure: failureText(error) });
    },
  );
}
