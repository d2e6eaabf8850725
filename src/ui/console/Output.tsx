import { memo, useMemo } from 'react';
import { errnoName } from '../../shared/errno.ts';
import { count } from '../format/bytes.ts';
import { callOf, useFollowing } from '../store/following.ts';
import { traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { foldTrace } from '../trace/fold.ts';
import type { Folded } from '../trace/fold.ts';
import {
  OutputLines,
  callThatWrote,
  producedAt,
  sessionOutput,
  takenBack,
  writtenBy,
} from '../trace/output.ts';
import type { Boundary, OutputLine } from '../trace/output.ts';
import { ScrollRegion, scrollHere } from '../widgets/ScrollRegion.tsx';

/** An output of so many lines is drawn as a whole. */
const ALL = 400;
/** Of a longer one, lines around the moment: a jump draws all of them anew. */
const WINDOW = 120;

/** What the reader gets: the moment's own bytes marked, what is still to come in grey, a rule where a read ended. */
export function Output() {
  return <OutputAt call={useFollowing('dock', callOf)} />;
}

const OutputAt = memo(({ call }: { readonly call: number }) => {
  const result = useStore((s) => s.result);
  const trace = useStore(traceOf);
  const session = useStore((s) => s.session);
  const lines = useMemo(() => {
    if (!result || !trace) return null;
    return new OutputLines(foldTrace(trace), sessionOutput(result.report.output, result.sessions, session));
  }, [result, trace, session]);
  if (!trace || !lines) return <p className="empty">The bytes that read(2) returns appear here.</p>;
  const folded = foldTrace(trace);
  const produced = producedAt(folded, call);
  const own = writtenBy(folded, call);
  const undone = takenBack(folded, call);
  const here = lines.at(produced);
  const shown = lines.length <= ALL ? lines.length : WINDOW;
  const first = Math.max(0, Math.min(here - shown / 2, lines.length - shown));
  return (
    <ScrollRegion label="Output" className="console">
      {first > 0 && <span className="boundary">{count(first)} earlier lines</span>}
      {Array.from({ length: shown }, (_, i) => {
        const line = lines.line(first + i);
        const mine = own !== null && line.from < own.to && own.from < line.to;
        return (
          <Line
            key={`${line.from}-${line.to}`}
            folded={folded}
            line={line}
            look={`out-line ${mine ? 'now' : ''} ${line.from >= produced ? 'to-come' : ''}`}
            here={first + i === here}
          />
        );
      })}
      {first + shown < lines.length && (
        <span className="boundary">{count(lines.length - first - shown)} later lines</span>
      )}
      {undone > 0 && <span className="undone">{count(undone)} B of this object were taken back</span>}
    </ScrollRegion>
  );
});
OutputAt.displayName = 'OutputAt';

interface LineProps {
  readonly folded: Folded;
  readonly line: OutputLine;
  readonly look: string;
  /** To be in view. */
  readonly here: boolean;
}

/** A step changes two or three lines: the others are not drawn again. */
const Line = memo(({ folded, line, look, here }: LineProps) => {
  const go = (): void => {
    const to = callThatWrote(folded, line.from);
    if (to >= 0) act().jump({ call: to, insn: null });
  };
  return (
    <div ref={here ? scrollHere : null}>
      {line.to > line.from && (
        <span className={look} onDoubleClick={go}>
          {line.text}
        </span>
      )}
      {line.boundaries.map((boundary) => (
        <Rule key={boundary.read} line={line} boundary={boundary} />
      ))}
    </div>
  );
});
Line.displayName = 'Line';

function Rule({ line, boundary }: { readonly line: OutputLine; readonly boundary: Boundary }) {
  const rest = line.to - boundary.at;
  const cut = rest > 0 && boundary.ret > 0;
  const text =
    boundary.ret < 0
      ? `read ${boundary.read + 1} returned ${errnoName(boundary.ret)}`
      : boundary.ret === 0
        ? `read ${boundary.read + 1} returned 0: end of file`
        : `read ${boundary.read + 1} returned ${count(boundary.ret)} B${cut ? `; the last ${rest} B of this line came later` : ''}`;
  return <span className={boundary.ret < 0 ? 'boundary error' : 'boundary'}>{text}</span>;
}
