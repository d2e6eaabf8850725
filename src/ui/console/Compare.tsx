import { useMemo } from 'react';
import { count } from '../format/bytes.ts';
import { scenarioTitle } from '../store/attach.ts';
import { act, useStore } from '../store/store.ts';
import { diffLines, runNumbers } from '../trace/compare.ts';
import type { RunNumbers } from '../trace/compare.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';

const ROWS: readonly { readonly key: keyof RunNumbers; readonly text: string }[] = [
  { key: 'shown', text: 'calls of the program with an object' },
  { key: 'silent', text: 'of them without output' },
  { key: 'passedOver', text: 'passed over by the kernel' },
  { key: 'callbacks', text: 'callbacks in all' },
  { key: 'insns', text: 'instructions' },
  { key: 'bytes', text: 'bytes of output' },
  { key: 'reads', text: 'reads' },
];
/** Lines of the difference that are drawn. */
const SHOWN = 500;

/** Two runs side by side: filtering in the program looks the same in the output and differs in the calls. */
export function Compare() {
  const kept = useStore((s) => s.kept);
  const result = useStore((s) => s.result);
  const ran = useStore((s) => s.ran);
  const { keepRun, dropKept } = act();
  if (!kept)
    return (
      <div className="scroll compare">
        <p>
          Keep a run as A, change the program or the attach parameters, run again: A and B stand side by side
          here, with calls, bytes, reads and the difference of their outputs.
        </p>
        <p>
          <button type="button" className="btn" disabled={!result} onClick={keepRun}>
            Keep this run as A
          </button>
        </p>
      </div>
    );
  const same = kept.result === result;
  return (
    <ScrollRegion label="Comparison" className="compare">
      <div className="actions">
        <button type="button" className="btn small" disabled={!result || same} onClick={keepRun}>
          Keep B as the new A
        </button>
        <button type="button" className="btn small" onClick={dropKept}>
          Forget A
        </button>
        {same && <span className="status">A is kept. Change something and run again for B.</span>}
      </div>
      {!same && result && ran && (
        <Numbers
          a={runNumbers(kept.result.sessions)}
          b={runNumbers(result.sessions)}
          titleA={scenarioTitle(kept.scenario)}
          titleB={scenarioTitle(ran)}
        />
      )}
      {!same && result && <Difference a={kept.result.report.output} b={result.report.output} />}
    </ScrollRegion>
  );
}

interface NumbersProps {
  readonly a: RunNumbers;
  readonly b: RunNumbers;
  readonly titleA: string;
  readonly titleB: string;
}

function Numbers({ a, b, titleA, titleB }: NumbersProps) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">figure</th>
          <th scope="col">A: {titleA}</th>
          <th scope="col">B: {titleB}</th>
          <th scope="col">B − A</th>
        </tr>
      </thead>
      <tbody>
        {ROWS.map(({ key, text }) => (
          <tr key={key}>
            <th scope="row">{text}</th>
            <td>{count(a[key])}</td>
            <td>{count(b[key])}</td>
            <td>
              {a[key] === b[key]
                ? 'same'
                : `${b[key] > a[key] ? '+' : '−'}${count(Math.abs(b[key] - a[key]))}`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Difference({ a, b }: { readonly a: string; readonly b: string }) {
  const lines = useMemo(() => diffLines(a, b), [a, b]);
  if (a === b) return <p>The outputs are the same, byte for byte.</p>;
  return (
    <pre className="diff" aria-label="Difference of the outputs">
      {lines.slice(0, SHOWN).map((line, i) => (
        <span key={i} className={line.side === 'both' ? '' : `only-${line.side}`}>
          {line.side === 'a' ? 'A ' : line.side === 'b' ? 'B ' : '  '}
          {line.text}
          {'\n'}
        </span>
      ))}
      {lines.length > SHOWN && `  and ${count(lines.length - SHOWN)} more lines`}
    </pre>
  );
}
