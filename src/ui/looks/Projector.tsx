import { useEffect, useRef } from 'react';
import { createPortal } from 'react-dom';
import { formatMoment } from '../../protocol/moment.ts';
import { MomentSentence } from '../graph/MomentSentence.tsx';
import { momentOf } from '../store/cursor.ts';
import { act, useStore } from '../store/store.ts';
import { useMedia } from '../widgets/use_media.ts';

/** For a room: one sentence in place of dock and inspector, the moment's address, and a ring around the pointer. */
export function Projector() {
  const theme = useStore((s) => s.theme);
  const systemDark = useMedia('(prefers-color-scheme: dark)');
  const light = theme === 'light' || (theme === 'system' && !systemDark);
  const { setLooks, setTheme } = act();
  return (
    <>
      <div className="projector-caption" role="note">
        <MomentSentence empty="Press Run (F5) to record the walk of this program." />
      </div>
      <div className="projector-foot">
        <Address />
        <span className="spring" />
        {!light && (
          <button type="button" className="btn small" onClick={() => setTheme('light')}>
            Light theme
          </button>
        )}
        <button type="button" className="btn small" onClick={() => setLooks({ projector: false })}>
          Leave the projector <kbd>P</kbd>
        </button>
      </div>
      {createPortal(<Spotlight />, document.body)}
    </>
  );
}

/** What is said aloud to find the moment again. */
function Address() {
  const moment = useStore((s) => {
    const at = momentOf(s);
    return at ? formatMoment(at) : '';
  });
  if (moment === '') return null;
  return (
    <span className="status">
      moment <b className="mono">{moment}</b>
    </span>
  );
}

function Spotlight() {
  const ring = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const stop = new AbortController();
    const show = ({ clientX, clientY }: PointerEvent): void => {
      if (!ring.current) return;
      ring.current.hidden = false;
      ring.current.style.transform = `translate(${clientX}px, ${clientY}px)`;
    };
    const hide = (): void => {
      if (ring.current) ring.current.hidden = true;
    };
    window.addEventListener('pointermove', show, { signal: stop.signal, passive: true });
    document.addEventListener('pointerleave', hide, { signal: stop.signal });
    return () => stop.abort();
  }, []);
  return <div className="spotlight" ref={ring} hidden aria-hidden="true" />;
}
