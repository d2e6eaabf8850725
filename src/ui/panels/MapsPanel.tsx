import { memo } from 'react';
import type { SeenMap, SeenMaps, SeenValue } from '../../protocol/peek.ts';
import { useFollowing } from '../store/following.ts';
import { act, useStore } from '../store/store.ts';
import type { PageState } from '../store/store.ts';

const mapsOf = (state: PageState): SeenMaps | null => state.machine?.maps ?? null;

/** Global variables and maps of the program at the moment; variables can be set for the next run. */
export function MapsPanel() {
  const seen = useFollowing('inspector', mapsOf);
  const failure = useStore((s) => s.machineFailure);
  const recorded = useStore((s) => (s.result?.sessions.length ?? 0) > 0);
  if (!recorded)
    return <p className="empty">After a run, this shows the program's global variables and its maps.</p>;
  if (failure) return <p className="empty">{failure}</p>;
  return seen && <Maps seen={seen} />;
}

const Maps = memo(({ seen: { globals, maps } }: { readonly seen: SeenMaps }) => {
  if (globals.length === 0 && maps.length === 0)
    return <p className="empty">The program has neither global variables nor maps.</p>;
  return (
    <>
      {globals.length > 0 && (
        <section className="section">
          <h2>
            <span>Global variables</span>
            <span>set before load</span>
          </h2>
          <dl className="fields globals">
            {globals.map((seen) => (
              <Global key={seen.key} seen={seen} />
            ))}
          </dl>
        </section>
      )}
      {maps.map((map) => (
        <MapSection key={map.name} map={map} />
      ))}
    </>
  );
});
Maps.displayName = 'Maps';

function Global({ seen }: { readonly seen: SeenValue }) {
  const { key: name } = seen;
  const set = useStore((s) => (s.globals.path === s.path ? (s.globals.values[name] ?? '') : ''));
  return (
    <div>
      <dt>{name}</dt>
      <Value seen={seen} />
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

const SINCE: Readonly<Record<SeenValue['since'], string>> = {
  same: '',
  changed: '',
  new: 'new',
  gone: 'deleted',
};

/** A value with what it was at the object before. */
function Value({ seen: { value, was, since } }: { readonly seen: SeenValue }) {
  return (
    <dd className={since === 'same' ? '' : `changed ${since}`}>
      {was !== '' && `${was} → `}
      <span>{value}</span>
      {SINCE[since] !== '' && <small> {SINCE[since]}</small>}
    </dd>
  );
}

function MapSection({ map: { name, type, length, more, elements } }: { readonly map: SeenMap }) {
  const here = elements.filter(({ since }) => since !== 'gone').length;
  return (
    <section className="section" aria-label={`map ${name}`}>
      <h2>
        <span>
          map {name} · {type}
        </span>
        <span className="num">
          {more ? 'more than ' : ''}
          {length === 1 ? '1 element' : `${length} elements`}
        </span>
      </h2>
      <dl className="fields map-elements">
        {elements.map((seen) => (
          <div key={seen.key}>
            <dt>{seen.key}</dt>
            <Value seen={seen} />
          </div>
        ))}
      </dl>
      {here < length && (
        <p>
          and {more ? 'at least ' : ''}
          {length - here} more
        </p>
      )}
    </section>
  );
}
