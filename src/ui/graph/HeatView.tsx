import { useEffect, useRef, useState } from 'react';
import { traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { foldTrace } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { ObjectRows } from '../trace/object_rows.ts';
import { HeatMap } from './heat_map.ts';
import { stateWord } from './look.ts';

/** Every object as one cell, in the order of the walk. Choosing a cell goes to its call. */
export function HeatView() {
  const trace = useStore(traceOf);
  const scene = useStore((s) => s.result?.scene ?? null);
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const [told, setTold] = useState('');

  useEffect(() => {
    if (!trace || !scroller.current || !canvas.current || !spacer.current) return undefined;
    const folded = foldTrace(trace);
    const rows = new ObjectRows(folded, scene, namesOf(scene));
    const parts = { scroller: scroller.current, canvas: canvas.current, spacer: spacer.current };
    const map = new HeatMap(rows, folded, parts);
    const tell = (i: number): void => {
      const row = rows.row(i);
      const state = rows.stateAt(i, act().at.call);
      const bytes = row && state === 'visited' ? `, ${row.bytes} B` : '';
      setTold(
        row
          ? `${row.owner} ${row.key} ${row.name}: ${stateWord(state)}${bytes}${row.reason ? `, ${row.reason}` : ''}`.trim()
          : '',
      );
    };
    const leave = useStore.subscribe((state, before) => {
      if (state.at !== before.at) map.show(state.at.call);
      if (state.theme !== before.theme) map.restyle();
    });
    const stop = new AbortController();
    const { signal } = stop;
    parts.canvas.addEventListener('pointermove', (event) => tell(map.cellAt(event.offsetX, event.offsetY)), {
      signal,
    });
    parts.canvas.addEventListener('pointerleave', () => setTold(''), { signal });
    parts.canvas.addEventListener(
      'click',
      (event) => {
        const call = rows.row(map.cellAt(event.offsetX, event.offsetY))?.call ?? Infinity;
        if (!Number.isFinite(call)) return;
        act().jump({ call, insn: null });
      },
      { signal },
    );
    map.show(act().at.call);
    return () => {
      stop.abort();
      leave();
      map.dispose();
    };
  }, [trace, scene]);

  if (!trace)
    return (
      <p className="empty">Press Run (F5): every object appears here as a cell, in the order of the walk.</p>
    );
  return (
    <div className="heat">
      {/* It scrolls and holds nothing that can be focused. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="heat-scroll" ref={scroller} role="region" aria-label="Objects as cells" tabIndex={0}>
        <div ref={spacer}>
          <canvas ref={canvas} aria-hidden="true" />
        </div>
      </div>
      <p className="heat-told">
        {told || 'One cell for each object: full when visited, hollow when it will be, struck when skipped.'}
      </p>
    </div>
  );
}
