import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { traceOf } from '../store/run.ts';
import { scaleOf } from '../store/looks.ts';
import { useStore } from '../store/store.ts';
import { foldTrace } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { ObjectRows, rowAt } from '../trace/object_rows.ts';
import type { ObjectRow } from '../trace/object_rows.ts';

const ROW = 24;
const HEAD = 26;
const HEADS = ['', 'owner', 'key', 'seq', 'object', 'bytes', 'read'];

/** The same objects as the picture, as a table in the order of the walk. Choosing a row goes to its call. */
export function TableView() {
  const trace = useStore(traceOf);
  const scene = useStore((s) => s.result?.scene ?? null);
  const call = useStore((s) => s.at.call);
  const jump = useStore((s) => s.jump);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(
    () => (trace ? new ObjectRows(foldTrace(trace), scene, namesOf(scene)) : null),
    [trace, scene],
  );
  const scale = useStore(scaleOf);
  const list = useVirtualizer({
    count: rows?.length ?? 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW * scale,
    overscan: 12,
    // The head is sticky above the rows and is scrolled with them.
    scrollPaddingEnd: (HEAD + ROW) * scale,
    scrollPaddingStart: ROW * scale,
  });
  const current = trace && rows ? rowAt(rows, foldTrace(trace), call) : -1;
  useEffect(() => list.measure(), [scale, list]);
  useEffect(() => {
    if (current >= 0) list.scrollToIndex(current, { align: 'auto' });
  }, [current, list]);
  if (!trace || !rows)
    return <p className="empty">Press Run (F5): the objects appear here in the order of the walk.</p>;
  const go = (row: ObjectRow): void => {
    if (Number.isFinite(row.call)) jump({ call: row.call, insn: null });
  };
  return (
    <div
      className="table-view"
      ref={scroller}
      role="table"
      aria-label="Objects in the order of the walk"
      aria-rowcount={rows.length + 1}
    >
      <div className="grid-head cols-objects" role="row">
        {HEADS.map((head) => (
          <span role="columnheader" key={head}>
            {head || <span className="sr">state</span>}
          </span>
        ))}
      </div>
      <div role="rowgroup" style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const row = rows.row(item.index);
          return row ? (
            <Row
              key={item.key}
              row={row}
              index={item.index}
              top={item.start}
              current={item.index === current}
              reached={row.call <= call}
              onGo={go}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}

interface RowProps {
  readonly row: ObjectRow;
  readonly index: number;
  readonly top: number;
  readonly current: boolean;
  readonly reached: boolean;
  readonly onGo: (row: ObjectRow) => void;
}

function Row({ row, index, top, current, reached, onGo }: RowProps) {
  const [mark, word] = current
    ? ['▶', 'current']
    : row.reason.startsWith('outside')
      ? ['·', 'out of range']
      : row.reason && row.call === Infinity
        ? ['×', 'vanished']
        : row.reason
          ? ['▨', 'skipped by the kernel']
          : !reached
            ? ['○', 'will visit']
            : row.bytes < 0
              ? ['↺', 'taken back']
              : ['✓', 'visited'];
  const bytes = row.reason || !reached ? '' : row.bytes < 0 ? 'undone' : `${row.bytes} B`;
  return (
    <div
      className="grid-row cols-objects"
      role="row"
      aria-rowindex={index + 2}
      aria-current={current ? 'step' : undefined}
      style={{ position: 'absolute', top, left: 0, right: 0 }}
      tabIndex={current ? 0 : -1}
      onClick={() => onGo(row)}
      onKeyDown={(event) => event.key === 'Enter' && onGo(row)}
    >
      <span role="cell" title={word}>
        <span aria-hidden="true" className={`state-mark ${word.replaceAll(' ', '-')}`}>
          {mark}
        </span>
        <span className="sr">{word}</span>
      </span>
      <span role="cell">{row.owner}</span>
      <span role="cell">{row.key}</span>
      <span role="cell" className="dim">
        {row.reason ? '' : row.seqNum}
      </span>
      <span role="cell">
        {row.name}
        {row.reason && <span className="dim"> {row.reason}</span>}
      </span>
      <span role="cell" className="written">
        {bytes}
      </span>
      <span role="cell" className="dim">
        {row.reason ? '' : row.read + 1}
      </span>
    </div>
  );
}
