import { Dialog } from 'radix-ui';
import { useMemo, useState } from 'react';
import '../theme/share.css';
import { scenarioTitle } from '../store/attach.ts';
import { act, useStore } from '../store/store.ts';
import { copy } from './deliver.ts';
import { LINK_MOST, hashOf, linkProblem } from './link.ts';
import { sharedOf } from './shared.ts';
import { snippets } from './snippets.ts';
import type { Snippet } from './snippets.ts';
import { runOf, savePng, saveRun, saveSvg, saveTranscript, transcriptOf } from './take_along.ts';

/** This moment as a link, and what can be taken along from it. */
export function ShareDialog() {
  const open = useStore((s) => s.shareOpen);
  const { setView } = act();
  return (
    <Dialog.Root open={open} onOpenChange={(shareOpen) => setView({ shareOpen })}>
      <Dialog.Portal>
        <Dialog.Overlay className="palette-backdrop" />
        <Dialog.Content className="share" aria-describedby={undefined}>
          <Dialog.Title className="share-title">Share this moment</Dialog.Title>
          <Links />
          <TakeAlong />
          <Dialog.Close className="btn share-close">Close</Dialog.Close>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Links() {
  const shared = useMemo(() => sharedOf(act()), []);
  const problem = linkProblem(shared.scenario);
  const hash = useMemo(() => (problem === '' ? hashOf(shared) : ''), [shared, problem]);
  if (problem !== '') return <p className="share-note">{problem} Send it beside what is below.</p>;
  if (hash.length > LINK_MOST)
    return (
      <p className="share-note">
        The program is too long for a link ({Math.ceil(hash.length / 1024)} KiB, at most {LINK_MOST / 1024}).
        Take it along as a file.
      </p>
    );
  const page = location.href.replace(/[?#].*$/s, '');
  return (
    <>
      {snippets(page, hash, scenarioTitle(shared.scenario)).map((snippet) => (
        <SnippetRow key={snippet.name} snippet={snippet} />
      ))}
      <p className="share-note">
        {shared.moment
          ? 'The link holds the program, its parameters and this moment. Nothing is sent anywhere.'
          : 'The link holds the program and its parameters: this text has not been run yet.'}
      </p>
    </>
  );
}

function SnippetRow({ snippet: { name, text } }: { readonly snippet: Snippet }) {
  const [said, setSaid] = useState('Copy');
  return (
    <div className="share-row">
      <label className="field">
        <span>{name}</span>
        <input
          className="mono"
          readOnly
          value={text}
          onFocus={(event) => event.target.select()}
          aria-label={name}
        />
      </label>
      <button
        type="button"
        className="btn"
        aria-label={`Copy ${name}`}
        onClick={() => void copy(text).then((done) => setSaid(done ? 'Copied' : 'Press Ctrl C in the field'))}
      >
        <span role="status">{said}</span>
      </button>
    </div>
  );
}

function TakeAlong() {
  const recorded = useStore((s) => (s.result?.sessions.length ?? 0) > 0);
  const pictured = useStore((s) => (s.result?.scene?.length ?? 0) > 0);
  const [said, setSaid] = useState('');
  const tell = (what: string) => (done: boolean) =>
    setSaid(done ? `${what} copied` : 'The browser does not allow copying here: download it instead');
  return (
    <section aria-label="Take it along">
      <h2 className="share-title">Take it along</h2>
      <div className="share-buttons">
        <button type="button" className="btn" disabled={!pictured} onClick={() => saveSvg(act())}>
          Picture as SVG
        </button>
        <button
          type="button"
          className="btn"
          disabled={!pictured}
          onClick={() => void savePng(act()).catch((error: unknown) => setSaid(String(error)))}
        >
          Picture as PNG
        </button>
        <button type="button" className="btn" disabled={!recorded} onClick={() => saveTranscript(act())}>
          Moment as text
        </button>
        <button
          type="button"
          className="btn"
          disabled={!recorded}
          onClick={() => void copy(transcriptOf(act())).then(tell('The moment is'))}
        >
          Copy moment
        </button>
        <button type="button" className="btn" disabled={!recorded} onClick={() => saveRun(act())}>
          Run as text
        </button>
        <button
          type="button"
          className="btn"
          disabled={!recorded}
          onClick={() => void copy(runOf(act())).then(tell('The run is'))}
        >
          Copy run
        </button>
      </div>
      <p className="share-note" role="status">
        {recorded ? said : 'Run the program first: there is no moment yet.'}
      </p>
    </section>
  );
}
