import { useEffect, useMemo, useRef } from 'react';
import { currentInsn } from '../store/insn.ts';
import { isStale } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { highlight } from './highlight.ts';

/** Height of a line, in pixels; as in embed.css. */
const LINE = 20;
const PADDING = 8;

/** The program: a plain field over the same text in colours, with the moment's line marked. */
export function Code() {
  const scroller = useRef<HTMLDivElement>(null);
  const text = useStore((s) => s.text);
  const line = useStore((s) => (isStale(s) ? 0 : (currentInsn(s)?.info?.line ?? 0)));
  const pieces = useMemo(() => highlight(text), [text]);
  const lines = text.split('\n').length;
  useEffect(() => {
    const box = scroller.current;
    if (!box || line === 0) return;
    const top = (line - 1) * LINE;
    if (top < box.scrollTop || top + 2 * LINE > box.scrollTop + box.clientHeight)
      box.scrollTo({ top: top - box.clientHeight / 3 });
  }, [line]);
  return (
    <div className="embed-code" ref={scroller}>
      <div className="code-sheet" style={{ height: lines * LINE + 2 * PADDING }}>
        {line > 0 && <div className="code-now" style={{ top: PADDING + (line - 1) * LINE }} />}
        <pre className="code-numbers" aria-hidden="true">
          {Array.from({ length: lines }, (_, i) => `${i + 1}\n`).join('')}
        </pre>
        <pre className="code-text" aria-hidden="true">
          {pieces.map((piece, i) => (
            // Pieces have no identity but their place.
            // eslint-disable-next-line react/no-array-index-key
            <span key={i} className={piece.look}>
              {piece.text}
            </span>
          ))}
          {'\n'}
        </pre>
        <textarea
          className="code-field"
          aria-label="Program, C"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          wrap="off"
          value={text}
          onChange={(event) => act().setText(event.target.value)}
        />
      </div>
    </div>
  );
}
