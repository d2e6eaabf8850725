import { machineOf, useFollowing } from '../store/following.ts';
import type { WatchedField } from '../store/machine.ts';
import { act, useStore } from '../store/store.ts';
import { fieldText } from './field_text.ts';
import { sameBytes } from './StructSection.tsx';
import { labelAt } from './struct_rows.ts';

/** The fields that are kept in sight: what they hold at every moment, whatever object is at hand. */
export function Watched() {
  const watched = useStore((s) => s.watched);
  if (watched.length === 0) return null;
  return (
    <section className="section" aria-label="Watched fields">
      <h2>
        <span>Watched</span>
        <button type="button" className="link-button" onClick={() => act().unwatchAll()}>
          none
        </button>
      </h2>
      <dl className="fields">
        {watched.map((one, i) => (
          <WatchedRow key={`${one.addr} ${one.path}`} one={one} place={i} />
        ))}
      </dl>
    </section>
  );
}

function WatchedRow({ one, place }: { readonly one: WatchedField; readonly place: number }) {
  const seen = useFollowing(machineOf)?.watched[place] ?? null;
  const name = useStore((s) => labelAt(s.result?.scene ?? null, one.addr));
  const field = seen?.now.fields.find(({ path }) => path === one.path);
  const was = seen?.before?.fields.find(({ path }) => path === one.path);
  const changed = field && was && !sameBytes(field.bytes, was.bytes);
  const text = field ? fieldText(one.struct, field) : '';
  return (
    <div>
      <dt title={`${one.struct}.${one.path}`}>
        {name || one.struct} {one.path}
      </dt>
      <dd className={changed ? 'changed' : ''}>
        {changed ? `${fieldText(one.struct, was)} → ` : ''}
        {seen?.now.freed ? 'freed' : text}
      </dd>
      <dd className="at">
        <button
          type="button"
          className="watch"
          aria-label={`Stop watching ${one.path}`}
          onClick={() => act().watch(one)}
        >
          ×
        </button>
      </dd>
    </div>
  );
}
