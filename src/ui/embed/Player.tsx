import { useEffect, useState } from 'react';
import { commandFor, obey } from '../commands.ts';
import { Output } from '../console/Output.tsx';
import { GraphView } from '../graph/GraphView.tsx';
import { MomentSentence } from '../graph/MomentSentence.tsx';
import { TableView } from '../graph/TableView.tsx';
import { LiveRegion } from '../LiveRegion.tsx';
import { hashOf, linkProblem } from '../share/link.ts';
import { sharedOf } from '../share/shared.ts';
import { run } from '../store/page.ts';
import { isStale, traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { TrackView } from '../timeline/TrackView.tsx';
import { Icon } from '../widgets/icons.tsx';
import { Recovery } from '../widgets/Recovery.tsx';
import { Segments } from '../widgets/Segments.tsx';
import { useMedia } from '../widgets/use_media.ts';
import { Code } from './Code.tsx';
import { EMBED_VIEWS } from './params.ts';
import type { EmbedParams } from './params.ts';

/** Below this the code is one of the views. */
const NARROW = '(max-width: 559px)';
const WORDS = { code: 'Code', graph: 'Graph', table: 'Table', output: 'Output' } as const;
type View = keyof typeof WORDS;

interface Props {
  readonly params: EmbedParams;
  /** What is wrong with the parameters, in sentences. */
  readonly problems: readonly string[];
}

/** The small player: title, code, picture, one sentence, transport. Nothing else. */
export function Player({ params, problems }: Props) {
  const narrow = useMedia(NARROW);
  const [chosen, setView] = useState<View>(params.view);
  const views: readonly View[] = narrow && params.code ? ['code', ...EMBED_VIEWS] : EMBED_VIEWS;
  const view = views.includes(chosen) ? chosen : params.view;
  useKeys();
  return (
    <main className="embed">
      <header className="embed-head">
        <Title />
        <span className="spring" />
        <Segments
          label="View of the walk"
          small
          options={views.map((value) => ({ value, text: WORDS[value] }))}
          value={view}
          onChange={setView}
        />
        <OpenLink />
      </header>
      <div className="embed-body">
        {params.code && !narrow && <Code />}
        <div className="embed-view">
          <Recovery what={view}>
            {view === 'code' ? (
              <Code />
            ) : view === 'graph' ? (
              <GraphView />
            ) : view === 'table' ? (
              <TableView />
            ) : (
              <Output />
            )}
          </Recovery>
        </div>
      </div>
      <Caption problems={problems} />
      {params.controls !== 'none' && <Foot full={params.controls === 'full'} />}
      <LiveRegion />
    </main>
  );
}

/** The page's own keys for moving; they act while the frame has the focus. */
function useKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const command = event.defaultPrevented ? null : commandFor(event);
      if (!command || !['Run', 'Move', 'Unit and speed'].includes(command.group)) return;
      event.preventDefault();
      obey(command);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}

function Title() {
  const target = useStore((s) => traceOf(s)?.target);
  const path = useStore((s) => s.path);
  return (
    <>
      <h1 className="mono">{target ? `iter/${target}` : 'iterscope'}</h1>
      <span className="embed-title">{path}</span>
    </>
  );
}

/** The playground with all that is here, the edited program too. */
function OpenLink() {
  const address = (): string => {
    const shared = sharedOf(act());
    const hash = linkProblem(shared.scenario) === '' ? hashOf(shared) : '';
    return new URL(`./${hash}`, location.href.replace(/[?#].*$/s, '')).href;
  };
  const renew = (event: { currentTarget: HTMLAnchorElement }): void => {
    event.currentTarget.href = address();
  };
  return (
    <a
      className="btn small"
      href="./"
      target="_blank"
      rel="noopener"
      onPointerDown={renew}
      onFocus={renew}
      onClick={renew}
      onContextMenu={renew}
    >
      Open ↗
    </a>
  );
}

/** One sentence: what is wrong, what to do, or what happens at the moment. */
function Caption({ problems }: Pick<Props, 'problems'>) {
  const failure = useStore((s) => s.failure);
  const trace = useStore(traceOf);
  const stale = useStore(isStale);
  const status = useStore((s) => s.status);
  const report = useStore((s) => s.result?.report);
  const problem = [...problems, failure].filter((text) => text !== '').join(' ');
  if (problem !== '')
    return (
      <p className="embed-caption" role="alert">
        {problem}
      </p>
    );
  if (status !== 'idle') return <p className="embed-caption">Recording the walk.</p>;
  if (report && report.stage !== 'done' && !trace) {
    const [first] = report.diagnostics;
    return (
      <p className="embed-caption" role="alert">
        The run ended at the step “{report.stage}”{first ? `: ${first.message}` : ''}. <RunAgain />
      </p>
    );
  }
  if (!trace || trace.length === 0)
    return (
      <p className="embed-caption">
        Nothing is recorded yet. <RunAgain />
      </p>
    );
  if (stale)
    return (
      <p className="embed-caption">
        The program has changed since this run. <RunAgain />
      </p>
    );
  return (
    <p className="embed-caption">
      <MomentSentence empty="" />
    </p>
  );
}

const RunAgain = () => (
  <button type="button" className="link-button" onClick={run}>
    Run
  </button>
);

/** Back, play, step, the counter and two tracks. */
function Foot({ full }: { readonly full: boolean }) {
  const trace = useStore(traceOf);
  const call = useStore((s) => s.at.call);
  const unit = useStore((s) => s.unit);
  const playing = useStore((s) => s.playing);
  const { stepBy, play, pause } = act();
  const off = !trace || trace.length === 0;
  return (
    <footer className="embed-foot">
      <button
        type="button"
        className="btn quiet icon"
        aria-label={`Back by ${unit}`}
        disabled={off}
        onClick={() => stepBy(-1)}
      >
        <Icon name="back" />
      </button>
      {full && (
        <button
          type="button"
          className="btn primary icon"
          aria-label={playing ? 'Pause' : 'Play'}
          disabled={off}
          onClick={() => (playing ? pause() : play())}
        >
          <Icon name={playing ? 'pause' : 'play'} />
        </button>
      )}
      <button
        type="button"
        className="btn quiet icon"
        aria-label={`Step by ${unit}`}
        disabled={off}
        onClick={() => stepBy(1)}
      >
        <Icon name="forward" />
      </button>
      <span className="mono embed-count">{off ? '' : `${call + 1}/${trace.length}`}</span>
      {full && trace && trace.length > 0 && <TrackView key={trace.session} trace={trace} small />}
    </footer>
  );
}
