/**
 * Traces for tests, written as the calls they are:
 *
 *     start A/0 +60 ...
 *
 * Each row is `kind owner/key [+bytes] [=result] [x insns]`; `|` ends a read. Owners are letters.
 */
import { CALL_KINDS } from '../../protocol/trace.ts';
import { HeldColumns, LineColumns, WriteColumns } from '../../protocol/trace_columns.ts';
import type {
  CallKind,
  HeldRow,
  LineRow,
  ReadRow,
  SessionTrace,
  SkipRow,
  WriteRow,
} from '../../protocol/trace.ts';

export const ownerAddr = (letter: string): bigint =>
  0xffff_8880_0000_0000n + BigInt(letter.charCodeAt(0)) * 0x1000n;
export const objectAddr = (letter: string, key: number): bigint => ownerAddr(letter) + BigInt(key + 1);

interface Extra {
  readonly target?: string;
  readonly held?: readonly HeldRow[];
  readonly skips?: readonly SkipRow[];
  readonly lines?: readonly LineRow[];
}

const ROW = /^(start|next|show|stop|copy)(?: ([A-Z])\/(\d+))?(?: \+(\d+))?(?: =(-?\d+))?(?: x(\d+))?$/;

/** @param size what every read asks for */
export function sketch(size: number, text: string, extra: Extra = {}): SessionTrace {
  const rows = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const n = rows.filter((row) => row !== '|').length;
  const reads: ReadRow[] = [];
  const writes: WriteRow[] = [];
  const columns = {
    kind: new Uint8Array(n),
    read: new Uint32Array(n),
    object: new BigUint64Array(n),
    owner: new BigUint64Array(n),
    key: new Float64Array(n),
    seqNum: new Float64Array(n),
    count: new Uint32Array(n),
    from: new Uint32Array(n),
    result: new Int32Array(n),
    progRet: new Int8Array(n).fill(-1),
    insns: new Float64Array(n),
  };
  let call = 0;
  let first = 0;
  let count = 0;
  let seqNum = 0;
  for (const row of rows) {
    if (row === '|') {
      reads.push({ size, ret: columns.result[call - 1] ?? 0, firstCall: first, lastCall: call - 1 });
      first = call;
      continue;
    }
    const parts = ROW.exec(row);
    if (!parts) throw new Error(`not a row of a sketch: ${row}`);
    const kind = parts[1] as CallKind;
    const [letter, key, bytes] = [parts[2], Number(parts[3] ?? 0), Number(parts[4] ?? 0)];
    const found = letter !== undefined;
    const result = parts[5] === undefined ? defaultResult(kind, found, size, count) : Number(parts[5]);
    if (kind === 'next' && found) seqNum++;
    if (bytes > 0) writes.push({ call, at: count, length: bytes });
    if (result >= 0) count += bytes;
    if (kind === 'copy') count -= result;
    columns.kind[call] = CALL_KINDS.indexOf(kind);
    columns.read[call] = reads.length;
    columns.object[call] = found ? objectAddr(letter, key) : 0n;
    columns.owner[call] = found ? ownerAddr(letter) : 0n;
    columns.key[call] = key;
    columns.seqNum[call] = seqNum;
    columns.count[call] = count;
    columns.result[call] = result;
    columns.insns[call] = Number(parts[6] ?? 0);
    call++;
  }
  return {
    session: 1,
    target: extra.target ?? 'task_file',
    length: n,
    ...columns,
    held: HeldColumns.of(extra.held ?? []).table(),
    skips: extra.skips ?? [],
    lines: LineColumns.of(extra.lines ?? []).table(),
    writes: WriteColumns.of(writes).table(),
    reads,
    changes: [],
    dropped: 0,
  };
}

function defaultResult(kind: CallKind, found: boolean, size: number, count: number): number {
  if (kind === 'copy') return Math.min(size, count);
  return (kind === 'start' || kind === 'next') && found ? 1 : 0;
}
