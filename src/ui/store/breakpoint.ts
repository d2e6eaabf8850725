/** Where a search of the recording looks, and where playing pauses because the user asked for it. */
import { foldTrace } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { sessionOutput } from '../trace/output.ts';
import { parseCondition } from '../trace/search.ts';
import type { Condition, Searched } from '../trace/search.ts';
import { traceOf } from './run.ts';
import type { PageState } from './store.ts';

/** What a search looks at; null without a recording. */
export function searchedOf(state: PageState): Searched | null {
  const trace = traceOf(state);
  const { result, session } = state;
  if (!trace || !result) return null;
  return {
    folded: foldTrace(trace),
    names: namesOf(result.scene),
    output: sessionOutput(result.report.output, result.sessions, session),
  };
}

export interface Breakpoint {
  readonly of: Searched;
  readonly test: Extract<Condition, { ok: true }>['test'];
}

/** The condition at which playing pauses, or null. */
export function breakpointOf(state: PageState): Breakpoint | null {
  if (!state.breaks) return null;
  const condition = parseCondition(state.find);
  const of = condition.ok ? searchedOf(state) : null;
  return condition.ok && of ? { of, test: condition.test } : null;
}
