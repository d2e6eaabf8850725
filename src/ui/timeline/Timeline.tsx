import { Suspense, lazy } from 'react';
import { record, run } from '../store/page.ts';
import { SPEEDS } from '../store/cursor.ts';
import { isStale, traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { callTitle } from '../trace/describe.ts';
import { foldTrace } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { UNITS, lastCall } from '../trace/units.ts';
import { Icon } from '../widgets/icons.tsx';
import { Segments } from '../widgets/Segments.tsx';
import { useMedia } from '../widgets/use_media.ts';
import { Counter } from './Counter.tsx';
import { TrackView } from './TrackView.tsx';

const UNIT_OPTIONS = UNITS.map((value, i) => ({ value, text: value, title: `${i + 1}` }));

/** Where there is one pane at a time, two tracks do. */
const NARROW = '(max-width: 759px)';

/** Transport and tracks. */
export function Timeline() {
  const trace = useStore(traceOf);
  const stale = useStore(isStale);
  const idle = useStore((s) => s.status === 'idle');
  const narrow = useMedia(NARROW);
  return (
    <section className="timeline" aria-label="Timeline">
      <Transport />
      <Find />
      {trace && trace.length > 0 ? (
        <TrackView key={trace.session} trace={trace} small={narrow} />
      ) : (
        <div className="tracks" tabIndex={-1} data-keys-home>
          <p className="empty">The recording of the next run appears here.</p>
        </div>
      )}
      {trace && trace.dropped > 0 && (
        <p className="empty">
          Recorded {trace.length} of {trace.length + trace.dropped} events: the rest was counted, not kept.
        </p>
      )}
      {trace && stale && idle && (
        <p className="stale-line">
          The program or its parameters have changed since this run.{' '}
          <button type="button" className="link-button" onClick={run}>
            Run again
          </button>
        </p>
      )}
    </section>
  );
}

/** Loaded when it is first asked for. */
const FindBar = lazy(async () => ({ default: (await import('./FindBar.tsx')).FindBar }));

function Find() {
  const finding = useStore((s) => s.finding);
  if (!finding) return null;
  return (
    <Suspense fallback={null}>
      <FindBar />
    </Suspense>
  );
}

function Transport() {
  const trace = useStore(traceOf);
  const unit = useStore((s) => s.unit);
  const speed = useStore((s) => s.speed);
  const playing = useStore((s) => s.playing);
  const { jump, stepBy, setUnit, setSpeed, play, pause } = act();
  const off = !trace || trace.length === 0;
  const go = (call: number): void => jump({ call, insn: null });
  return (
    <div className="transport">
      <button
        type="button"
        className="btn quiet icon"
        aria-label="First event"
        title="First event (Home)"
        disabled={off}
        onClick={() => go(0)}
      >
        <Icon name="first" />
      </button>
      <button
        type="button"
        className="btn quiet icon"
        aria-label={`Back by ${unit}`}
        title={`Back by ${unit} (←)`}
        disabled={off}
        onClick={() => stepBy(-1)}
      >
        <Icon name="back" />
      </button>
      <button
        type="button"
        className="btn icon play"
        aria-label={playing ? 'Pause' : 'Play'}
        title="Play or pause (Space)"
        disabled={off}
        onClick={() => (playing ? pause() : play())}
      >
        <Icon name={playing ? 'pause' : 'play'} />
      </button>
      <button
        type="button"
        className="btn quiet icon"
        aria-label={`Step by ${unit}`}
        title={`Step by ${unit} (→)`}
        onClick={() => (off ? void record() : stepBy(1))}
      >
        <Icon name="forward" />
      </button>
      <button
        type="button"
        className="btn quiet icon"
        aria-label="Last event"
        title="Last event (End)"
        disabled={off}
        onClick={() => trace && go(lastCall(foldTrace(trace)))}
      >
        <Icon name="last" />
      </button>
      <Segments label="Unit of a step" options={UNIT_OPTIONS} value={unit} onChange={setUnit} />
      <label className="field">
        <span className="sr">Speed</span>
        <select
          value={String(speed)}
          onChange={(event) => setSpeed(Number(event.target.value))}
          title="Speed (+ and −)"
        >
          {SPEEDS.map((value) => (
            <option key={value} value={String(value)}>
              {value === Infinity ? 'max' : `${value} /s`}
            </option>
          ))}
        </select>
      </label>
      <SessionChoice />
      <FindButton />
      {trace && trace.length > 0 ? <Now /> : <span className="spring" />}
    </div>
  );
}

function FindButton() {
  const finding = useStore((s) => s.finding);
  return (
    <button
      type="button"
      className="btn quiet icon"
      aria-label="Find"
      aria-pressed={finding}
      title="Search the recording, and pause where a condition holds (/)"
      onClick={() => act().setView({ finding: !finding })}
    >
      <Icon name="find" />
    </button>
  );
}

/** Chooses the session on show when a run opened several. */
function SessionChoice() {
  const sessions = useStore((s) => s.result?.sessions);
  const session = useStore((s) => s.session);
  const setSession = useStore((s) => s.setSession);
  if (!sessions || sessions.length < 2) return null;
  return (
    <label className="field">
      <span>session</span>
      <select value={session} onChange={(event) => setSession(Number(event.target.value))}>
        {sessions.map((one, i) => (
          <option key={one.session} value={i}>
            {one.session}
          </option>
        ))}
      </select>
    </label>
  );
}

function Now() {
  const trace = useStore(traceOf);
  const call = useStore((s) => s.at.call);
  const scene = useStore((s) => s.result?.scene ?? null);
  const paused = useStore((s) => s.paused);
  if (!trace) return null;
  return (
    <span className="status">
      <span className={paused ? 'moment-title with-pause' : 'moment-title'}>
        <b>{callTitle(foldTrace(trace), namesOf(scene), call)}</b>
        {paused ? (
          <span className="paused" title={paused}>
            Paused: {paused}
          </span>
        ) : (
          <span className="hide-medium">seq {trace.seqNum[call] ?? 0} ·</span>
        )}
      </span>
      <Counter call={call} length={trace.length} />
    </span>
  );
}
