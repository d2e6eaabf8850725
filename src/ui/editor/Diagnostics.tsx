import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { diagnosticsOf } from '../store/program.ts';
import { useStore } from '../store/store.ts';

/** Findings under the text; choosing one goes to its place. */
export function Diagnostics() {
  const diagnostics = useStore(diagnosticsOf);
  const goTo = useStore((s) => s.goTo);
  if (diagnostics.length === 0) return null;
  return (
    <ul className="diagnostics" aria-label="Findings">
      {diagnostics.map((d, i) => (
        // Findings have no name of their own; a new check replaces them all.
        <li key={i}>
          <button type="button" onClick={() => d.line > 0 && goTo(d.file, d.line, d.column)}>
            <span className={`mark ${d.severity}`} aria-label={d.severity}>
              {d.severity === 'error' ? '✕' : d.severity === 'warning' ? '!' : 'i'}
            </span>
            <span className="where">{place(d)}</span>
            <span>
              {d.message}
              {d.flag !== undefined && <span className="flag"> [{d.flag}]</span>}
              {d.notes.map((note) => (
                <span key={note}>
                  <br />
                  {note}
                </span>
              ))}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Where it is, or else who says it; '' when the message begins with that. */
const place = ({ line, column, source, message }: Diagnostic): string =>
  line > 0 ? `${line}:${column}` : message.startsWith(`${source}: `) ? '' : source;
