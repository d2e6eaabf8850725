/**
 * Records what the iterator core does. The core calls one typed function for each thing that happens;
 * rows go straight into growing typed arrays (see protocol/trace.ts for what they mean).
 *
 * A null recorder costs the core one test per event.
 */
import type {
  CallKind,
  CallRow,
  ChangeRow,
  HeldKind,
  ReadRow,
  SessionTrace,
  SkipReason,
  SkipRow,
} from '../../protocol/trace.ts';
import { CALL_KINDS } from '../../protocol/trace.ts';
import { HeldColumns, LineColumns, WriteColumns, wider } from '../../protocol/trace_columns.ts';

const KIND_NUMBER = new Map<CallKind, number>(CALL_KINDS.map((kind, i) => [kind, i]));

/** Columns that double their room when full. */
class CallColumns {
  length = 0;
  kind = new Uint8Array(256);
  read = new Uint32Array(256);
  object = new BigUint64Array(256);
  owner = new BigUint64Array(256);
  key = new Float64Array(256);
  seqNum = new Float64Array(256);
  count = new Uint32Array(256);
  from = new Uint32Array(256);
  result = new Int32Array(256);
  progRet = new Int8Array(256);
  insns = new Float64Array(256);

  push(row: CallRow): void {
    if (this.length === this.kind.length) this.grow();
    const i = this.length++;
    this.kind[i] = KIND_NUMBER.get(row.kind) ?? 0;
    this.read[i] = row.read;
    this.object[i] = row.object;
    this.owner[i] = row.owner;
    this.key[i] = row.key;
    this.seqNum[i] = row.seqNum;
    this.count[i] = row.count;
    this.from[i] = row.from;
    this.result[i] = row.result;
    this.progRet[i] = row.progRet;
    this.insns[i] = row.insns;
  }

  private grow(): void {
    const room = this.kind.length * 2;
    this.kind = wider(new Uint8Array(room), this.kind);
    this.read = wider(new Uint32Array(room), this.read);
    this.object = wider(new BigUint64Array(room), this.object);
    this.owner = wider(new BigUint64Array(room), this.owner);
    this.key = wider(new Float64Array(room), this.key);
    this.seqNum = wider(new Float64Array(room), this.seqNum);
    this.count = wider(new Uint32Array(room), this.count);
    this.from = wider(new Uint32Array(room), this.from);
    this.result = wider(new Int32Array(room), this.result);
    this.progRet = wider(new Int8Array(room), this.progRet);
    this.insns = wider(new Float64Array(room), this.insns);
  }
}

/** The recording of one session. */
export class SessionRecorder {
  readonly session: number;
  readonly target: string;
  private readonly limit: number;
  private readonly columns = new CallColumns();
  private readonly heldColumns = new HeldColumns();
  private readonly skipRows: SkipRow[] = [];
  private readonly lineColumns = new LineColumns();
  private readonly writeColumns = new WriteColumns();
  private readonly readRows: ReadRow[] = [];
  private readonly changeRows: ChangeRow[] = [];
  private dropped = 0;
  /** The callback that returned last, whether its row was kept or not. */
  last: CallRow | null = null;

  constructor(session: number, target: string, limit: number) {
    this.session = session;
    this.target = target;
    this.limit = limit;
  }

  /** Number that the callback now running will have. */
  get call(): number {
    return this.columns.length + this.dropped;
  }

  /** A callback has returned. Rows recorded since the previous one belong to it. */
  callDone(row: CallRow): void {
    this.last = row;
    if (this.columns.length < this.limit) this.columns.push(row);
    else this.dropped++;
  }
  held(kind: HeldKind, object: bigint, delta: 1 | -1): void {
    if (this.dropped === 0) this.heldColumns.push({ call: this.call, kind, object, delta });
  }
  skip(object: bigint, key: number, reason: SkipReason): void {
    if (this.dropped === 0) this.skipRows.push({ call: this.call, object, key, reason });
  }
  line(line: string): void {
    if (this.dropped === 0) this.lineColumns.push({ call: this.call, line });
  }
  wrote(at: number, length: number): void {
    if (this.dropped === 0) this.writeColumns.push({ call: this.call, at, length });
  }
  /** The world was changed. */
  changed(text: string): void {
    this.changeRows.push({ call: this.call, text });
  }
  readDone(row: ReadRow): void {
    this.readRows.push(row);
  }

  /** Every change so far. */
  get changes(): readonly ChangeRow[] {
    return this.changeRows;
  }

  /** Every read(2) so far. */
  get reads(): readonly ReadRow[] {
    return this.readRows;
  }

  /** What was recorded so far. The arrays are copies: they may be transferred. */
  trace(): SessionTrace {
    const { length } = this.columns;
    const c = this.columns;
    return {
      session: this.session,
      target: this.target,
      length,
      kind: c.kind.slice(0, length),
      read: c.read.slice(0, length),
      object: c.object.slice(0, length),
      owner: c.owner.slice(0, length),
      key: c.key.slice(0, length),
      seqNum: c.seqNum.slice(0, length),
      count: c.count.slice(0, length),
      from: c.from.slice(0, length),
      result: c.result.slice(0, length),
      progRet: c.progRet.slice(0, length),
      insns: c.insns.slice(0, length),
      held: this.heldColumns.table(),
      skips: [...this.skipRows],
      lines: this.lineColumns.table(),
      writes: this.writeColumns.table(),
      reads: [...this.readRows],
      changes: [...this.changeRows],
      dropped: this.dropped,
    };
  }
}

/** All sessions of a machine. */
export class Recorder {
  readonly sessions: SessionRecorder[] = [];
  private readonly limit: number;

  /** @param limit callbacks kept for each session; later ones are counted and dropped */
  constructor(limit = 2_000_000) {
    this.limit = limit;
  }

  open(session: number, target: string): SessionRecorder {
    const recorder = new SessionRecorder(session, target, this.limit);
    this.sessions.push(recorder);
    return recorder;
  }
}
