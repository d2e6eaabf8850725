import { Fragment, useMemo, useState } from 'react';
import type { PeekField, SeenStruct, StructRef } from '../../protocol/peek.ts';
import { hexByte, longAddress } from '../format/bytes.ts';
import { act, useStore } from '../store/store.ts';
import { fieldText } from './field_text.ts';
import { MANY, isHeading, isZero, labelAt, notableRows, structRows } from './struct_rows.ts';
import type { StructRow } from './struct_rows.ts';

interface Props {
  readonly title: string;
  readonly seen: SeenStruct;
  readonly bytes?: boolean;
  readonly onFollow: (ref: StructRef) => void;
}

const BYTES_PER_ROW = 8;
const BYTE_ROWS = 16;
/** A value before and after stand in one row as long as they have no more characters together. */
const BOTH = 22;

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A struct at the moment: fields with offset, type and value; what changed since the object before is marked. */
export function StructSection({ title, seen, bytes = false, onFollow }: Props) {
  const { now, before } = seen;
  const [all, setAll] = useState(false);
  const old = useMemo(() => new Map(before?.fields.map((field) => [field.path, field])), [before]);
  const rows = useMemo(() => structRows(now.fields), [now]);
  const changed = (field: PeekField): PeekField | null => {
    const was = old.get(field.path);
    return was && !isHeading(field) && !sameBytes(was.bytes, field.bytes) ? was : null;
  };
  const many = rows.length > MANY;
  const shown = many && !all ? notableRows(rows, (field) => changed(field) !== null) : rows;
  return (
    <section className="section">
      <h2>
        <span>{title}</span>
        <span className="num">{now.freed ? 'freed' : `${now.size} B`}</span>
      </h2>
      <dl className="fields">
        {shown.map((row) => (
          <Row
            key={`${row.field.path}@${row.field.offset}`}
            of={now}
            row={row}
            was={changed(row.field)}
            onFollow={onFollow}
          />
        ))}
      </dl>
      {many && (
        <button type="button" className="link-button" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${rows.length} fields`}
        </button>
      )}
      {bytes && <Bytes seen={seen} />}
    </section>
  );
}

interface RowProps {
  readonly of: StructRef;
  readonly row: StructRow;
  readonly was: PeekField | null;
  readonly onFollow: (ref: StructRef) => void;
}

function Row({ of, row: { field, name, depth }, was, onFollow }: RowProps) {
  const text = fieldText(of.struct, field);
  const before = was && !field.pointer ? fieldText(of.struct, was) : '';
  const both = before !== '' && before !== text && before.length + text.length <= BOTH;
  return (
    <div>
      <dt title={`${field.type} ${field.path}`} style={{ paddingLeft: depth * 6 }}>
        {name.split(/(?<=_)/).map((part, i) => (
          <Fragment key={i}>
            {i > 0 && <wbr />}
            {part}
          </Fragment>
        ))}
      </dt>
      <dd
        className={was ? 'changed' : ''}
        title={`${field.type} = ${field.value}${was ? `, was ${was.value}` : ''}`}
      >
        {both ? `${before} → ` : ''}
        <Value struct={of.struct} field={field} onFollow={onFollow} />
      </dd>
      <dd className="at">{isHeading(field) ? <Offset field={field} /> : <Watch of={of} field={field} />}</dd>
    </div>
  );
}

const Offset = ({ field }: { readonly field: PeekField }) => <>+0x{field.offset.toString(16)}</>;

/** The offset is the button that keeps the field in sight at every moment. */
function Watch({ of, field }: { readonly of: StructRef; readonly field: PeekField }) {
  // `meta->` is a way through the context, not a path in it.
  const made = field.path.includes(ARROW);
  const watched = useStore((s) => s.watched.some((one) => one.addr === of.addr && one.path === field.path));
  if (made) return <Offset field={field} />;
  return (
    <button
      type="button"
      className="watch"
      aria-pressed={watched}
      title={`${field.type}: ${watched ? 'stop watching' : 'watch'} ${field.path}`}
      aria-label={`Watch ${field.path}`}
      onClick={() => act().watch({ struct: of.struct, addr: of.addr, path: field.path })}
    >
      <Offset field={field} />
    </button>
  );
}

/** Between the context's pointer and what it points to. */
export const ARROW = '→';

/** A value; a pointer says what it leads to, if that is in the picture, and is the way there. */
export function Value({
  struct,
  field,
  onFollow,
}: {
  readonly struct: string;
  readonly field: PeekField;
  readonly onFollow: (ref: StructRef) => void;
}) {
  const { pointer } = field;
  const drawn = useStore((s) => (pointer ? labelAt(s.result?.scene ?? null, pointer.addr, s.at.call) : ''));
  if (isUnkept(struct, field)) return <span className="dim">not simulated</span>;
  if (!pointer || pointer.addr === 0n || isMarker(pointer)) return <>{fieldText(struct, field)}</>;
  return (
    <button
      type="button"
      title={`${pointer.struct} at ${longAddress(pointer.addr)}`}
      onClick={() => onFollow(pointer)}
    >
      {drawn || field.value}
    </button>
  );
}

/** Structs are aligned: what is odd is no address, but the mark at the end of a chain. */
const isMarker = ({ addr }: StructRef): boolean => (addr & 1n) === 1n;

/** A 0 that says nothing, because nothing keeps the field. Contexts are made for each call and are all kept. */
const isUnkept = (struct: string, field: PeekField): boolean =>
  !field.simulated && isZero(field) && !isHeading(field) && !struct.startsWith('bpf_iter_');

/** The struct's bytes, eight in a row, as far as its fields cover them; changed ones are marked. */
function Bytes({ seen }: { readonly seen: SeenStruct }) {
  const rows = useMemo(() => byteRows(seen), [seen]);
  return (
    <pre className="bytes" aria-label="Bytes">
      {rows.map((row) => (
        <span key={row.offset}>
          <span className="off">+{row.offset.toString(16).padStart(3, '0')}</span>
          {'  '}
          {row.runs.map((run, i) => (
            <span key={i}>{run.changed ? <mark>{run.text}</mark> : run.text} </span>
          ))}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

/** Neighbours that have all changed, or all not. */
interface ByteRun {
  readonly text: string;
  readonly changed: boolean;
}
interface ByteRow {
  readonly offset: number;
  readonly runs: readonly ByteRun[];
}

function byteRows({ now, before }: SeenStruct): readonly ByteRow[] {
  const image = imageOf(now.size, now.fields);
  const old = before ? imageOf(before.size, before.fields) : null;
  const rows: ByteRow[] = [];
  for (let offset = 0; offset < now.size && rows.length < BYTE_ROWS; offset += BYTES_PER_ROW) {
    const indexes = Array.from({ length: Math.min(BYTES_PER_ROW, now.size - offset) }, (_, i) => offset + i);
    if (indexes.every((i) => (image[i] ?? -1) <= 0)) continue;
    const runs: ByteRun[] = [];
    for (const i of indexes) {
      const byte = (image[i] ?? -1) < 0 ? '..' : hexByte(image[i] ?? 0);
      const changed = old !== null && (old[i] ?? -1) >= 0 && old[i] !== image[i];
      const last = runs.at(-1);
      if (last?.changed === changed) runs[runs.length - 1] = { text: `${last.text} ${byte}`, changed };
      else runs.push({ text: byte, changed });
    }
    rows.push({ offset, runs });
  }
  return rows;
}

/** Bytes by offset; -1 where no field was read. */
function imageOf(size: number, fields: readonly PeekField[]): Int16Array {
  const image = new Int16Array(size).fill(-1);
  for (const field of fields)
    field.bytes.forEach((byte, i) => {
      if (field.offset + i < size) image[field.offset + i] = byte;
    });
  return image;
}
