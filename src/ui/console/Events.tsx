import { memo } from 'react';
import { callOf, useFollowing } from '../store/following.ts';
import { traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { outcome } from '../trace/describe.ts';
import { foldTrace, kindAt } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { Listing } from './Listing.tsx';

/** Every callback of the session, one line each. Choosing one goes there. */
export function Events() {
  return <EventsAt call={useFollowing(callOf)} />;
}

const EventsAt = memo(({ call }: { readonly call: number }) => {
  const trace = useStore(traceOf);
  const scene = useStore((s) => s.result?.scene ?? null);
  const { jump } = act();
  if (!trace) return <p className="empty">The callbacks of the next run appear here.</p>;
  const folded = foldTrace(trace);
  const names = namesOf(scene);
  return (
    <Listing
      label="Events"
      length={trace.length}
      current={call}
      onPick={(i) => jump({ call: i, insn: null })}
      renderRow={(i) => (
        <>
          <span className="dim">
            {String(i + 1).padStart(5)} read {String((trace.read[i] ?? 0) + 1).padEnd(3)}
          </span>
          {kindAt(trace, i).padEnd(6)}
          {names.subject(folded, i).padEnd(30)}
          <span className="dim"> {outcome(folded, i)}</span>
        </>
      )}
    />
  );
});
EventsAt.displayName = 'EventsAt';
