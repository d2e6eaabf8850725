import { useEffect, useState } from 'react';
import { lineAt } from '../../protocol/reader.ts';
import type { ReaderFrame, ReaderTrace, ReaderValue } from '../../protocol/reader.ts';
import { framesAt, useFrames, wantFrames } from '../store/reader_frames.ts';
import { useReader } from '../store/reader.ts';
import { ScrollRegion } from '../widgets/ScrollRegion.tsx';

const NO_VALUES: readonly ReaderValue[] = [];

/**
 * Variables of a function that runs at the place on show, those that the line before changed marked. The innermost
 * one's are recorded for the first lines; all others are asked for.
 */
export function Variables({ trace }: { readonly trace: ReaderTrace }) {
  const step = useReader((s) => lineAt(trace, s.place));
  const scenario = useReader((s) => s.ran?.scenario ?? null);
  const frames = useFrames((s) => framesAt(s, trace, step));
  /** Counted from the outermost, which goes on while others come and go; null: the innermost. */
  const [level, setLevel] = useState<number | null>(null);
  const depth = trace.depth[step] ?? 0;
  const recorded = trace.values[step];
  const asks = scenario !== null && step >= 0 && (depth > 0 || recorded === undefined);
  useEffect(() => {
    if (asks) wantFrames(scenario, trace, step);
  }, [asks, scenario, trace, step]);
  const outer = frames !== null && level !== null && level < frames.length - 1;
  const shown = outer ? frames[frames.length - 1 - level] : frames?.[0];
  const values = outer ? shown?.values : (recorded ?? shown?.values);
  return (
    <ScrollRegion label="Variables of the reader" className="reader-variables">
      {depth > 0 && frames && (
        <Chooser frames={frames} level={outer ? level : frames.length - 1} choose={setLevel} />
      )}
      <Values values={values ?? NO_VALUES} before={outer ? NO_VALUES : valuesBefore(trace, step)} />
      {asks && !values && <p className="empty">Looking for them.</p>}
    </ScrollRegion>
  );
}

/** What the innermost function had at the line before, when that was one of its own. */
const valuesBefore = (trace: ReaderTrace, step: number): readonly ReaderValue[] =>
  trace.function[step] === trace.function[step - 1] ? (trace.values[step - 1] ?? NO_VALUES) : NO_VALUES;

interface ChooserProps {
  readonly frames: readonly ReaderFrame[];
  readonly level: number;
  readonly choose: (level: number | null) => void;
}

/** The functions that run, the outermost first. */
function Chooser({ frames, level, choose }: ChooserProps) {
  return (
    <div className="reader-frames" role="group" aria-label="Functions that run">
      {frames.toReversed().map((frame, at) => (
        <button
          type="button"
          // A function that calls itself is there more than once.
          key={`${frame.function} ${at}`}
          className="btn quiet small"
          aria-pressed={at === level}
          onClick={() => choose(at === frames.length - 1 ? null : at)}
        >
          {frame.function}:{frame.line}
        </button>
      ))}
    </div>
  );
}

interface ValuesProps {
  readonly values: readonly ReaderValue[];
  readonly before: readonly ReaderValue[];
}

function Values({ values, before }: ValuesProps) {
  const known = new Map(before.map(({ name, value }) => [name, value]));
  return (
    <dl>
      {values.map(({ name, type, value }, i) => {
        const changed = known.has(name) && known.get(name) !== value;
        return (
          // A name may be declared twice in a function.
          <div key={`${name} ${i}`} className={changed ? 'changed' : ''}>
            <dt title={type}>{name}</dt>
            <dd>
              {value}
              {changed && <span className="sr"> changed</span>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
