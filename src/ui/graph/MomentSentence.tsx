import { traceOf } from '../store/run.ts';
import { useStore } from '../store/store.ts';
import { outcome } from '../trace/describe.ts';
import { foldTrace, kindAt } from '../trace/fold.ts';
import { heldAt } from '../trace/held.ts';
import { namesOf } from '../trace/names.ts';
import { holdingText } from './HeldNow.tsx';

/** `show httpd, fd 5: wrote 44 B.` and what is held: the moment in one line. */
export function MomentSentence({ empty }: { readonly empty: string }) {
  const trace = useStore(traceOf);
  const scene = useStore((s) => s.result?.scene ?? null);
  const call = useStore((s) => s.at.call);
  if (!trace || trace.length === 0) return <span>{empty}</span>;
  const folded = foldTrace(trace);
  const names = namesOf(scene);
  return (
    <>
      <span>
        <b>{kindAt(trace, call)}</b> {names.subject(folded, call)}: {outcome(folded, call)}.
      </span>
      <span className="spring" />
      {heldAt(trace, call).map((holding) => (
        <span className="chip" key={`${holding.kind} ${holding.object}`}>
          {holdingText(holding, names, call)}
        </span>
      ))}
    </>
  );
}
