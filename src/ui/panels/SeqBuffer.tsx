import { memo } from 'react';
import { count } from '../format/bytes.ts';
import { errnoName } from '../../shared/errno.ts';
import { callOf, useFollowing } from '../store/following.ts';
import { traceOf } from '../store/run.ts';
import { useStore } from '../store/store.ts';
import type { ReadRow, SessionTrace } from '../../protocol/trace.ts';
import { kindAt } from '../trace/fold.ts';

/** Eight pages. */
const CAPACITY = 32768;
/** Reads listed around the current one. */
const LISTED = 3;

/** Both limits, always: the buffer's capacity and what the reader asked for. */
export function SeqBuffer() {
  return <SeqBufferAt call={useFollowing('inspector', callOf)} />;
}

const SeqBufferAt = memo(({ call }: { readonly call: number }) => {
  const trace = useStore(traceOf);
  if (!trace || trace.length === 0) return null;
  const read = trace.read[call] ?? 0;
  const size = trace.reads[read]?.size ?? 0;
  const filled = trace.count[call] ?? 0;
  // A small read size gets most of the bar, so that its limit can be told from the fill.
  const scale = size * 1.1 < CAPACITY ? size * 1.1 : CAPACITY;
  const percent = (bytes: number): string => `${Math.min(100, (bytes / scale) * 100)}%`;
  return (
    <section className="section seq-buffer">
      <h2>
        <span>seq buffer</span>
        <span className="num">
          {count(filled)} / {count(CAPACITY)} B
        </span>
      </h2>
      <div className="buffer-meter">
        <span className="fill" style={{ width: percent(filled) }} />
        {size <= scale && <span className="limit" style={{ left: percent(size) }} />}
        <small style={{ left: 0 }}>{count(filled)} B</small>
        <small style={{ right: 0 }}>stops at {count(size)} B (read size)</small>
      </div>
      <dl className="fields reads">
        {listed(trace, read).map(({ row, i }) => (
          <div key={i} className={i > read ? 'to-come' : ''}>
            <dt>read {i + 1}</dt>
            <dd className={i === read ? 'changed' : ''}>{readText(row, call)}</dd>
            <dd className="at">{readNote(trace, row, call)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
});
SeqBufferAt.displayName = 'SeqBufferAt';

function listed(trace: SessionTrace, read: number): readonly { row: ReadRow; i: number }[] {
  const first = Math.max(0, Math.min(read - 1, trace.reads.length - LISTED));
  return trace.reads.slice(first, first + LISTED).map((row, k) => ({ row, i: first + k }));
}

function readText(row: ReadRow, call: number): string {
  if (row.firstCall > call) return 'to come';
  if (row.lastCall > call) return 'in progress';
  if (row.ret < 0) return errnoName(row.ret);
  return row.ret === 0 ? '0 B: end of file' : `${count(row.ret)} B`;
}

/** What the read has done up to a call. */
function readNote(trace: SessionTrace, row: ReadRow, now: number): string {
  if (row.firstCall > now) return '';
  if (row.firstCall === row.lastCall && kindAt(trace, row.firstCall) === 'copy') return 'left over';
  let shown = 0;
  const last = Math.min(row.lastCall, now);
  for (let call = row.firstCall; call <= last; call++) if (kindAt(trace, call) === 'show') shown++;
  return `${shown} shown`;
}
