/**
 * A change made by hand: tried on a machine of its own, which is played up to the change's moment and thrown
 * away. What can be made goes into the scenario's journal, so every replay makes it again.
 */
import type { ChangeResult } from '../../protocol/api.ts';
import type { CallContext } from '../../protocol/server.ts';
import type { Scenario, ScenarioChange } from '../../protocol/scenario.ts';
import { BootError } from './boot.ts';
import type { Machine } from './boot.ts';
import type { Outcome, Play } from './play.ts';

/** Callbacks between two looks at the port. */
const SLICE = 64;

const refused = (error: string): ChangeResult => ({ scenario: null, text: '', error });

/** @param begin boots a scenario and makes it ready to play */
export async function tryChange(
  { scenario, change }: { readonly scenario: Scenario; readonly change: ScenarioChange },
  begin: (scenario: Scenario) => { readonly machine: Machine; readonly play: Play<Outcome> },
  { breathe, cancelled }: Pick<CallContext, 'breathe' | 'cancelled'>,
): Promise<ChangeResult> {
  const before = scenario.changes ?? [];
  const wanted = { ...scenario, changes: [...before, change] };
  const place = `.changes[${before.length}]`;
  try {
    const { machine, play } = begin(wanted);
    for (let calls = 1; ; calls++) {
      const step = play.next();
      const text = machine.script.made.get(place);
      if (text !== undefined) return { scenario: wanted, text, error: '' };
      if (step.done) return refused(whyNot(step.value, place));
      if (calls % SLICE !== 0) continue;
      await breathe();
      if (cancelled()) return refused('cancelled');
    }
  } catch (error) {
    if (error instanceof BootError) return refused(error.message);
    throw error;
  }
}

/** The message about the change itself, else the first that there is. */
function whyNot({ report: { diagnostics } }: Outcome, place: string): string {
  const about = diagnostics.find(({ message }) => message.includes(place)) ?? diagnostics[0];
  return about?.message ?? 'the run ends before that moment';
}
