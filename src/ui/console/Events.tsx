import { memo } from 'react';
import { callOf, useFollowing } from '../store/following.ts';
import { traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { CALL_KINDS } from '../../protocol/trace.ts';
import type { CallKind } from '../../protocol/trace.ts';
import { outcome } from '../trace/describe.ts';
import { foldTrace, kindAt } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { Listing } from './Listing.tsx';

/** What the kernel does in each; their colours are those of the timeline. */
const MEANING: Readonly<Record<CallKind, string>> = {
  start: 'finds where to go on',
  next: 'finds the next object',
  show: 'runs the program',
  stop: 'lets go of everything',
  copy: 'gives bytes to the reader',
};

const IS_EVENT = (): string => 'event';

/** Every callback of the session, one line each. Choosing one goes there. */
export function Events() {
  return <EventsAt call={useFollowing('dock', callOf)} />;
}

const EventsAt = memo(({ call }: { readonly call: number }) => {
  const trace = useStore(traceOf);
  const scene = useStore((s) => s.result?.scene ?? null);
  const { jump } = act();
  if (!trace) return <p className="empty">The callbacks of the next run appear here.</p>;
  const folded = foldTrace(trace);
  const names = namesOf(scene);
  return (
    <>
      <ul className="call-legend" aria-label="Callbacks">
        {CALL_KINDS.map((kind) => (
          <li key={kind}>
            <span className={`call ${kind}`}>{kind}</span> {MEANING[kind]}
          </li>
        ))}
      </ul>
      <Listing
        label="Events"
        length={trace.length}
        current={call}
        onPick={(i) => jump({ call: i, insn: null })}
        className={IS_EVENT}
        renderRow={(i) => (
          <>
            <span className="dim number">{i + 1}</span>
            <span className="dim hide-narrow">read {(trace.read[i] ?? 0) + 1}</span>
            <span className={`call ${kindAt(trace, i)}`}>{kindAt(trace, i)}</span>
            <span>{names.subject(folded, i)}</span>
            <span className="dim">{outcome(folded, i)}</span>
          </>
        )}
      />
    </>
  );
});
EventsAt.displayName = 'EventsAt';
