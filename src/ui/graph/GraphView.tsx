import { Suspense, lazy } from 'react';
import { count } from '../format/bytes.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { diagnosticsOf } from '../store/program.ts';
import { traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { run } from '../store/page.ts';
import { foldTrace } from '../trace/fold.ts';
import type { Folded } from '../trace/fold.ts';

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
      <NobodyShown folded={foldTrace(trace)} />
      <PictureView picture={result.scene} folded={foldTrace(trace)} />
    </Suspense>
  );
}

/** Above a picture of which nothing was shown: which parameter left nothing, and the way without it. */
function NobodyShown({ folded }: { readonly folded: Folded }) {
  const attach = useStore((s) => s.ran?.options.attach ?? null);
  const shown = folded.objectStops.length > (folded.nullCall < 0 ? 0 : 1);
  if (shown) return null;
  const filter = (['tid', 'pid', 'pidfd'] as const).find((one) => attach?.[one] !== undefined);
  const all = (): void => {
    act().setAttach({ filter: 'all' });
    run();
  };
  return (
    <div className="graph-note">
      <p>
        The walk found no object
        {filter && ` of ${filter} ${attach?.[filter]}`}: read(2) returns 0 at once.
      </p>
      {filter && (
        <button type="button" className="btn small" onClick={all}>
          Run for all tasks
        </button>
      )}
    </div>
  );
}

/** Instead of a picture: what is wrong with the program, how the last run ended, or what this page is for. */
function GraphEmpty() {
  const broken = useStore((s) => diagnosticsOf(s).find(({ severity }) => severity === 'error') ?? null);
  const ran = useStore((s) => s.result !== null);
  const recording = useStore((s) => s.status !== 'idle');
  return (
    <div className="graph">
      <div className="graph-empty">
        {recording ? <Recording /> : broken ? <Broken first={broken} /> : ran ? <Ended /> : <Welcome />}
      </div>
    </div>
  );
}

function Recording() {
  const { calls } = useStore((s) => s.progress);
  return (
    <>
      <p className="lead">Recording the walk</p>
      <p className="said">{count(calls)} callbacks so far. All of it can be stepped through afterwards.</p>
    </>
  );
}

function Welcome() {
  return (
    <>
      <p className="lead">Watch a BPF iterator walk the kernel’s objects</p>
      <ol>
        <li>
          <b>Run</b> <kbd>F5</kbd> loads and attaches the program, and records the whole walk.
        </li>
        <li>
          <b>Step</b> <kbd>→</kbd>, play or drag the timeline, backwards too: everything on the page shows
          that moment.
        </li>
        <li>
          <b>Change</b> the program, the target or the world, and run again.
        </li>
      </ol>
    </>
  );
}

/** The first of the findings; all of them stand under the program. */
function Broken({ first }: { readonly first: Diagnostic }) {
  const verdict = useStore((s) => s.check?.verdict ?? null);
  const goTo = useStore((s) => s.goTo);
  return (
    <>
      <p className="lead">
        {verdict?.accepted === false
          ? `The verifier refuses the program: ${verdict.errno ?? 'see its log'}`
          : first.source === 'cc'
            ? 'The program does not compile'
            : 'The program cannot be loaded'}
      </p>
      <p className="said">{first.message}</p>
      {first.line > 0 && (
        <button type="button" className="btn" onClick={() => goTo(first.file, first.line, first.column)}>
          Go to line {first.line}
        </button>
      )}
    </>
  );
}

function Ended() {
  const stage = useStore((s) => s.result?.report.stage ?? null);
  const refused = useStore((s) => s.result?.report.attach?.errno ?? null);
  const filter = useStore((s) => s.filter);
  const setAttach = useStore((s) => s.setAttach);
  return (
    <>
      <p>
        {stage === 'done'
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
    </>
  );
}
