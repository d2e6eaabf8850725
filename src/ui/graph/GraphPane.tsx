import { Suspense, lazy, useEffect } from 'react';
import { useStore } from '../store/store.ts';
import { Recovery } from '../widgets/Recovery.tsx';
import { Segments } from '../widgets/Segments.tsx';
import { GraphView } from './GraphView.tsx';
import { HeldNow } from './HeldNow.tsx';
import { TableView } from './TableView.tsx';

const VIEWS = [
  { value: 'graph', text: 'Graph', title: 'G' },
  { value: 'table', text: 'Table', title: 'T' },
  { value: 'heat', text: 'Heat', title: 'H' },
] as const;

/** Loaded when it is first chosen. */
const HeatView = lazy(async () => ({ default: (await import('./HeatView.tsx')).HeatView }));

/** Loads the picture's drawing once the page is at rest, so that the first run need not wait for it. */
function useEarlyPicture(): void {
  useEffect(() => {
    const idle = window.requestIdleCallback ?? ((load: () => void) => setTimeout(load, 300));
    idle(() => void import('./PictureView.tsx'));
  }, []);
}

const WHAT = { graph: 'picture', table: 'table', heat: 'heat map' } as const;

/** The picture of the walk, or the same as a table or a map of cells. */
export function GraphPane() {
  useEarlyPicture();
  const graphView = useStore((s) => s.graphView);
  const follow = useStore((s) => s.follow);
  const setView = useStore((s) => s.setView);
  const fit = useStore((s) => s.fit);
  return (
    <section className="pane centre" aria-label="Walk" style={{ flex: 1 }}>
      <div className="graph-bar">
        <Segments
          label="View of the walk"
          small
          options={VIEWS}
          value={graphView}
          onChange={(view) => setView({ graphView: view })}
        />
        <HeldNow />
        <span className="spring" />
        {graphView === 'graph' && (
          <>
            <button
              type="button"
              className="btn quiet small"
              aria-label="Follow cursor"
              aria-pressed={follow}
              onClick={() => setView({ follow: !follow })}
            >
              <span>
                Follow<span className="hide-medium"> cursor</span>
              </span>
            </button>
            <button type="button" className="btn quiet small" onClick={fit}>
              Fit <kbd className="hide-medium">0</kbd>
            </button>
          </>
        )}
      </div>
      <Recovery what={WHAT[graphView]}>
        <Suspense fallback={<div className="heat" />}>
          {graphView === 'graph' ? <GraphView /> : graphView === 'table' ? <TableView /> : <HeatView />}
        </Suspense>
      </Recovery>
    </section>
  );
}
