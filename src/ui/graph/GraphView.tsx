import { Suspense, lazy } from 'react';
import { traceOf } from '../store/run.ts';
import { useStore } from '../store/store.ts';
import { foldTrace } from '../trace/fold.ts';

/** What draws is loaded after what edits. */
const PictureView = lazy(async () => ({ default: (await import('./PictureView.tsx')).PictureView }));

/** The picture of the target, or what to do when there is none. */
export function GraphView() {
  const result = useStore((s) => s.result);
  const trace = useStore(traceOf);
  if (!result || !trace) return <GraphEmpty />;
  if (!result.scene || result.scene.length === 0)
    return (
      <div className="graph">
        <div className="graph-empty">
          <p>There is no picture for this target. The Table shows the objects in the order of the walk.</p>
        </div>
      </div>
    );
  return (
    <Suspense fallback={<div className="graph" />}>
      <PictureView picture={result.scene} folded={foldTrace(trace)} />
    </Suspense>
  );
}

function GraphEmpty() {
  const stage = useStore((s) => s.result?.report.stage ?? null);
  const refused = useStore((s) => s.result?.report.attach?.errno ?? null);
  const filter = useStore((s) => s.filter);
  const setAttach = useStore((s) => s.setAttach);
  return (
    <div className="graph">
      <div className="graph-empty">
        <p>
          {stage === null
            ? 'Press Run (F5) to record the walk of this program.'
            : stage === 'done'
              ? 'Nothing was read.'
              : refused !== null
                ? `BPF_LINK_CREATE gave ${refused}: the kernel does not take these parameters.`
                : `The run ended at the step “${stage}”: see the findings under the program and the verifier log.`}
        </p>
        {stage === 'done' && filter !== 'all' && (
          <button type="button" className="btn" onClick={() => setAttach({ filter: 'all' })}>
            Show all tasks
          </button>
        )}
      </div>
    </div>
  );
}
