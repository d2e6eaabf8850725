import { act, useStore } from '../store/store.ts';

/** Elements listed of one map. */
const LISTED = 64;

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Global variables and maps of the program as the run left them; variables can be set for the next run. */
export function MapsPanel() {
  const report = useStore((s) => s.result?.report ?? null);
  if (!report)
    return <p className="empty">After a run, this shows the program's global variables and its maps.</p>;
  const globals = Object.entries(report.globals);
  const maps = Object.entries(report.maps);
  if (globals.length === 0 && maps.length === 0)
    return <p className="empty">The program has neither global variables nor maps.</p>;
  return (
    <>
      {globals.length > 0 && (
        <section className="section">
          <h2>
            <span>Global variables · after the run</span>
            <span>set before load</span>
          </h2>
          <dl className="fields globals">
            {globals.map(([name, value]) => (
              <Global key={name} name={name} value={text(value)} />
            ))}
          </dl>
        </section>
      )}
      {maps.map(([name, elements]) => (
        <MapSection key={name} name={name} elements={Array.isArray(elements) ? elements : []} />
      ))}
    </>
  );
}

function Global({ name, value }: { readonly name: string; readonly value: string }) {
  const set = useStore((s) => (s.globals.path === s.path ? (s.globals.values[name] ?? '') : ''));
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
      <dd className="at">
        <input
          className="mono"
          aria-label={`${name} before load`}
          placeholder="as in C"
          value={set}
          onChange={(event) => act().setGlobal(name, event.target.value)}
        />
      </dd>
    </div>
  );
}

function MapSection({ name, elements }: { readonly name: string; readonly elements: readonly unknown[] }) {
  return (
    <section className="section">
      <h2>
        <span>map {name} · after the run</span>
        <span className="num">{elements.length === 1 ? '1 element' : `${elements.length} elements`}</span>
      </h2>
      <dl className="fields map-elements">
        {elements.slice(0, LISTED).map((element, i) => {
          const { key, value } = (element ?? {}) as { readonly key?: unknown; readonly value?: unknown };
          return (
            // Keys may be any bytes; the list is replaced as a whole by the next run.
            <div key={i}>
              <dt>{text(key)}</dt>
              <dd>{text(value)}</dd>
            </div>
          );
        })}
      </dl>
      {elements.length > LISTED && <p>and {elements.length - LISTED} more</p>}
    </section>
  );
}
