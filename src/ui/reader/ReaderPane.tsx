import { useMemo } from 'react';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { lineAt, placeAt, placeCount } from '../../protocol/reader.ts';
import type { Place, ReaderResult, ReaderTrace } from '../../protocol/reader.ts';
import { callRow } from '../../protocol/trace.ts';
import { Listing } from '../console/Listing.tsx';
import { FileEditor } from '../editor/FileEditor.tsx';
import { scenarioOf } from '../store/attach.ts';
import { cancel } from '../store/page.ts';
import { continueReader, READER_PATH, runReader, useReader } from '../store/reader.ts';
import { useStore } from '../store/store.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';
import { readerFor } from './template.ts';
import { Variables } from './Variables.tsx';
import '../theme/reader.css';

/** A program of user space beside the BPF program: its C, its run line by line with the kernel's callbacks, its output. */
export function ReaderPane() {
  const own = useReader((s) => s.text);
  const status = useStore((s) => s.status);
  const ran = useReader((s) => s.ran);
  const setText = useReader((s) => s.setText);
  // The text follows what is chosen on the page until somebody edits it.
  const written = useStore((s) => readerFor(scenarioOf(s)));
  const text = own ?? written;
  return (
    <div className="reader">
      <div className="reader-bar">
        <button
          type="button"
          className="btn small"
          disabled={status !== 'idle'}
          onClick={() => runReader(text)}
        >
          Run reader
        </button>
        {status === 'running' && (
          <button type="button" className="btn quiet small" onClick={cancel}>
            Cancel
          </button>
        )}
        {own !== null && (
          <button type="button" className="btn quiet small" onClick={() => setText(null)}>
            Write it anew
          </button>
        )}
        {ran?.result.trace && <Transport trace={ran.result.trace} />}
      </div>
      <div className="reader-text">
        <Source text={text} />
      </div>
      <div className="reader-run">
        {ran ? (
          <Ran text={ran.text} result={ran.result} />
        ) : (
          <p className="empty">
            Run the reader to step through it: its lines, and what the kernel does in its reads.
          </p>
        )}
      </div>
    </div>
  );
}

/** The text, with the line on show; what the compiler says of it is marked. */
function Source({ text }: { readonly text: string }) {
  const setText = useReader((s) => s.setText);
  const isRun = useReader((s) => s.ran?.text === text);
  const diagnostics = useReader((s) => (isRun && s.ran?.result.diagnostics) || NO_DIAGNOSTICS);
  const line = useReader((s) => {
    const trace = isRun ? s.ran?.result.trace : null;
    return trace ? (trace.line[lineAt(trace, s.place)] ?? 0) : 0;
  });
  return (
    <FileEditor
      file="reader"
      label={READER_PATH}
      path={READER_PATH}
      reveal={null}
      {...{ text, line, diagnostics }}
      onText={setText}
    />
  );
}
const NO_DIAGNOSTICS: readonly Diagnostic[] = [];

function Ran({ text, result }: { readonly text: string; readonly result: ReaderResult }) {
  const { trace, diagnostics } = result;
  if (!trace)
    return (
      <ScrollRegion label="Messages">
        {diagnostics.length === 0 && <p>{result.stderr}</p>}
        <ul className="reader-messages">
          {diagnostics.map((each) => (
            <li key={`${each.file}:${each.line}:${each.column}:${each.message}`}>
              {each.file}:{each.line}: {each.message}
            </li>
          ))}
        </ul>
      </ScrollRegion>
    );
  return (
    <>
      <Steps text={text} result={result} trace={trace} />
      <div className="reader-state">
        <Variables trace={trace} />
        <Printed result={result} trace={trace} />
      </div>
    </>
  );
}

/** What stands at a place, in words. */
function placeText(
  place: Place | null,
  lines: readonly string[],
  { sessions }: ReaderResult,
  trace: ReaderTrace,
): string {
  if (!place) return '';
  if (place.kind === 'line') {
    const line = trace.line[place.step] ?? 0;
    return `${String(line).padStart(4)}  ${lines[line - 1]?.replaceAll('\t', '  ') ?? ''}`;
  }
  const session = sessions.find((each) => each.session === place.session);
  const row = session ? callRow(session, place.call) : null;
  return row ? `      kernel: ${row.kind}${row.kind === 'copy' ? ` ${row.result} B` : ''}` : '';
}

/** From place to place of the run. */
function Transport({ trace }: { readonly trace: ReaderTrace }) {
  const place = useReader((s) => s.place);
  const seek = useReader((s) => s.seek);
  const count = placeCount(trace);
  const here = placeAt(trace, place);
  const isLast = place >= count - 1;
  return (
    <>
      <button type="button" className="btn quiet small" disabled={place <= 0} onClick={() => seek(place - 1)}>
        Step back
      </button>
      <button type="button" className="btn quiet small" disabled={isLast} onClick={() => seek(place + 1)}>
        Step
      </button>
      <button
        type="button"
        className="btn quiet small"
        disabled={isLast}
        title="On to the next breakpoint of the reader, or to its end"
        onClick={continueReader}
      >
        Continue
      </button>
      <input
        type="range"
        aria-label="Place in the reader's run"
        min={0}
        max={Math.max(0, count - 1)}
        value={place}
        onChange={(event) => seek(Number(event.target.value))}
      />
      <span className="num" role="status">
        {place + 1} of {count}: {where(here, trace)}
      </span>
    </>
  );
}

interface StepsProps {
  readonly text: string;
  readonly result: ReaderResult;
  readonly trace: ReaderTrace;
}

/** The timeline: every line and every callback, one under the other. */
function Steps({ text, result, trace }: StepsProps) {
  const place = useReader((s) => s.place);
  const seek = useReader((s) => s.seek);
  const lines = useMemo(() => text.split('\n'), [text]);
  return (
    <Listing
      label="Lines and callbacks"
      length={placeCount(trace)}
      current={place}
      onPick={seek}
      renderRow={(i) => placeText(placeAt(trace, i), lines, result, trace)}
    />
  );
}

const where = (place: Place | null, trace: ReaderTrace): string =>
  place?.kind === 'line'
    ? `line ${trace.line[place.step]}, ${trace.functions[trace.function[place.step] ?? 0]}`
    : `kernel, call ${(place?.call ?? 0) + 1} of session ${place?.session ?? 0}`;

/** What the program had printed at the place on show, and how it ended. */
function Printed({ result, trace }: { readonly result: ReaderResult; readonly trace: ReaderTrace }) {
  const place = useReader((s) => s.place);
  const last = place >= placeCount(trace) - 1;
  const printed = useMemo(() => {
    if (last) return result.stdout.length;
    for (let at = place + 1; at < placeCount(trace); at++) {
      const next = placeAt(trace, at);
      if (next?.kind === 'line') return trace.output[next.step] ?? 0;
    }
    return result.stdout.length;
  }, [last, place, result, trace]);
  const { crash } = result;
  return (
    <ScrollRegion label="Output of the reader" className="reader-output">
      <pre>
        {result.stdout.slice(0, printed)}
        <span className="dim">{result.stdout.slice(printed)}</span>
      </pre>
      {last && result.stderr !== '' && <pre className="bad">{result.stderr}</pre>}
      {last && (
        <p>
          exit status {result.status}
          {crash ? `: signal ${crash.signal}${crash.location ? ` at line ${crash.location.line}` : ''}` : ''}
        </p>
      )}
    </ScrollRegion>
  );
}
