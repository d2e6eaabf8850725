import { useMemo, useState } from 'react';
import type { PeekField } from '../../protocol/peek.ts';
import { hexByte, longAddress } from '../format/bytes.ts';
import type { SeenStruct, StructRef } from '../store/machine.ts';
import { useStore } from '../store/store.ts';
import { namesOf } from '../trace/names.ts';
import type { Picture } from '../trace/picture.ts';
import { fieldText } from './field_text.ts';

interface Props {
  readonly title: string;
  readonly seen: SeenStruct;
  readonly bytes?: boolean;
  readonly onFollow: (ref: StructRef) => void;
}

/** Above so many fields, those that hold only zeros are folded away, and the rest is cut. */
const MANY = 14;
const SHOWN = 24;
const BYTES_PER_ROW = 8;
const BYTE_ROWS = 16;

/** Last part of a nested field's path: its indent says the rest. */
const shortName = ({ path, depth }: PeekField): string =>
  depth > 0 ? path.slice(path.lastIndexOf('.')) : path;
/** A row that only names a nested struct. */
const isHeading = (field: PeekField): boolean => field.value === '';

/** Changed fields and those that are not zero, the first of them, with the structs that they are nested in. */
function notable(
  fields: readonly PeekField[],
  changed: (field: PeekField) => PeekField | null,
): readonly PeekField[] {
  const values = fields.filter((field) => !isHeading(field) && (!isZero(field) || changed(field)));
  const kept = new Set([
    ...values.slice(0, SHOWN).map((field) => field.path),
    ...values.filter(changed).map((field) => field.path),
  ]);
  for (const path of kept)
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1))
      kept.add(path.slice(0, dot));
  return fields.filter((field) => kept.has(field.path));
}

const isZero = (field: PeekField): boolean => field.bytes.every((byte) => byte === 0);
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A struct at the moment: fields with offset, type and value; what changed since the object before is marked. */
export function StructSection({ title, seen, bytes = false, onFollow }: Props) {
  const { now, before } = seen;
  const [all, setAll] = useState(false);
  const old = useMemo(() => new Map(before?.fields.map((field) => [field.path, field])), [before]);
  const changed = (field: PeekField): PeekField | null => {
    const was = old.get(field.path);
    return was && !sameBytes(was.bytes, field.bytes) ? was : null;
  };
  const many = now.fields.length > MANY;
  const shown = many && !all ? notable(now.fields, changed) : now.fields;
  return (
    <section className="section">
      <h2>
        <span>{title}</span>
        <span className="num">{now.freed ? 'freed' : `${now.size} B`}</span>
      </h2>
      <dl className="fields">
        {shown.map((field) => {
          const was = isHeading(field) ? null : changed(field);
          return (
            <div key={`${field.path}@${field.offset}`}>
              <dt title={`${field.type} ${field.path}`} style={{ paddingLeft: field.depth * 8 }}>
                {shortName(field)}
              </dt>
              <dd className={was ? 'changed' : ''} title={`${field.type} = ${field.value}`}>
                {was && was.value !== field.value && !field.pointer ? `${fieldText(now.struct, was)} → ` : ''}
                <Value struct={now.struct} field={field} onFollow={onFollow} />
              </dd>
              <dd className="at" title={field.type}>
                +0x{field.offset.toString(16)}
              </dd>
            </div>
          );
        })}
      </dl>
      {many && (
        <button type="button" className="link-button" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${now.fields.length} fields`}
        </button>
      )}
      {bytes && <Bytes seen={seen} />}
    </section>
  );
}

/** A value; a pointer says what it leads to, if that is in the picture, and is the way there. */
function Value({
  struct,
  field,
  onFollow,
}: {
  readonly struct: string;
  readonly field: PeekField;
  readonly onFollow: (ref: StructRef) => void;
}) {
  const { pointer } = field;
  const drawn = useStore((s) => (pointer ? labelAt(s.result?.scene ?? null, pointer.addr) : ''));
  if (isUnkept(struct, field)) return <span className="dim">not simulated</span>;
  if (!pointer || pointer.addr === 0n) return <>{fieldText(struct, field)}</>;
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

/** A 0 that says nothing, because nothing keeps the field. Contexts are made for each call and are all kept. */
const isUnkept = (struct: string, field: PeekField): boolean =>
  !field.simulated && isZero(field) && !isHeading(field) && !struct.startsWith('bpf_iter_');

/** What the picture calls the object at an address: `bash (901)`; '' when it is not drawn. */
function labelAt(picture: Picture | null, addr: bigint): string {
  const node = namesOf(picture).node(addr);
  return node ? [node.label, node.detail].filter((text) => text !== '').join(', ') : '';
}

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
