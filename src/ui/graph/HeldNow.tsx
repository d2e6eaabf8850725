import { foldTrace } from '../trace/fold.ts';
import { heldAt } from '../trace/held.ts';
import type { Holding } from '../trace/held.ts';
import { namesOf } from '../trace/names.ts';
import type { Names } from '../trace/names.ts';
import { traceOf } from '../store/run.ts';
import { useStore } from '../store/store.ts';

/** `task bash usage+1`, `file f_count+1`; locks by their name. */
export function holdingText({ kind, object, n }: Holding, names: Names, call: number): string {
  const [what = kind, field] = kind.split(' ');
  if (field === undefined || field === 'lock') return kind === 'rcu' ? 'rcu read' : kind;
  const name = what === 'task' ? ` ${names.object(object, call)}` : '';
  return `${what}${name} ${field}+${n}`;
}

/** References and locks that the walk holds at the moment. */
export function HeldNow() {
  const trace = useStore(traceOf);
  const scene = useStore((s) => s.result?.scene ?? null);
  const call = useStore((s) => s.at.call);
  if (!trace) return null;
  const held = heldAt(foldTrace(trace).trace, call);
  const names = namesOf(scene);
  return (
    <span className="held-now hide-narrow">
      {held.length === 0 ? 'Nothing held now' : <span className="hide-medium">Held now</span>}
      {held.map((holding) => (
        <span
          className="chip"
          key={`${holding.kind} ${holding.object}`}
          title={names.object(holding.object, call)}
        >
          {holdingText(holding, names, call)}
        </span>
      ))}
    </span>
  );
}
