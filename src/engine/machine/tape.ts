/**
 * Winds a run back and forth: marks are set while it is recorded, and what differs between them is kept.
 * A moment is reached from the mark before it, so what it costs does not depend on the length of the run.
 *
 *     mark --delta-- mark --delta-- mark .. end        wound to a mark, then on by callbacks
 *
 * A machine can be wound as far as all that changes is bytes. Where a run hands out or takes back memory, or the
 * world is changed, the tape begins anew: what is before is played again (see player.ts). So is all of a run whose
 * program keeps something elsewhere.
 *
 * Sessions take turns read by read. So at a mark one of them is in a read, which is a position, and all others
 * are between two. Where a process reads, it does other things between two reads, which a walk does not do again:
 * there each read begins with a mark, and it is wound from one to the next.
 */
import type { Insn } from '../abi/insn.ts';
import * as op from '../abi/opcode.ts';
import { helperName } from '../abi/helper_id.ts';
import type { Addr, Bytes } from '../../shared/brand.ts';
import { ProgramAbort } from '../iter/bpf_iter.ts';
import type { Midway } from '../iter/seq_read.ts';
import type { Session } from '../iter/session.ts';
import { PageLog, applyDelta, deltaBytes, joinDeltas } from '../kernel/page_log.ts';
import type { Delta } from '../kernel/page_log.ts';
import type { Hold } from '../module/ledger.ts';
import { progsByAddr } from '../bpf/prog.ts';
import { readSession } from '../sys/files.ts';
import type { SessionRecorder } from '../trace/recorder.ts';
import type { Machine } from './boot.ts';
import type { Player } from './player.ts';

/** Callbacks between two marks, at first. */
const STRIDE = 256;
/** Bytes that all deltas may take. */
const MOST_BYTES = 48 << 20;
/** A run that hands out memory more often does so all the time. */
const MOST_BEGINNINGS = 64;
/** To play the beginning of a run again takes a second machine: of a larger world, one is enough. */
const LARGE_WORLD = 512 << 20;

/** Helpers that change nothing but bytes, or nothing that a program can see again. */
const WINDABLE = new Set(
  `map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem for_each_map_elem
  map_lookup_percpu_elem per_cpu_ptr this_cpu_ptr loop strtol strtoul strncmp spin_lock spin_unlock
  probe_read probe_read_str probe_read_user probe_read_kernel probe_read_user_str probe_read_kernel_str
  copy_from_user copy_from_user_task ktime_get_ns ktime_get_boot_ns ktime_get_coarse_ns ktime_get_tai_ns jiffies64
  trace_printk trace_vprintk get_smp_processor_id get_numa_node_id get_current_pid_tgid get_current_uid_gid
  get_current_comm get_current_task get_current_task_btf get_current_cgroup_id get_ns_current_pid_tgid
  seq_printf seq_write seq_printf_btf snprintf snprintf_btf d_path get_task_stack task_pt_regs find_vma
  sock_from_file skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock
  skc_to_udp6_sock skc_to_unix_sock ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query`.split(
    /\s+/,
  ),
);

/** A read(2) of the recording. */
interface ReadSpan {
  /** Whose: place among the sessions. */
  readonly of: number;
  /** Callbacks of all sessions before it, and of its own. */
  readonly step: number;
  readonly call: number;
  /** Reads of its session before it. */
  readonly reads: number;
  readonly size: Bytes;
}

/** What is not in memory at a mark. */
interface Mark {
  /** Callbacks of all sessions that have returned. */
  readonly step: number;
  /** Place of the read that is under way. */
  readonly span: number;
  /** From where the read goes on; null: it is only looked at. */
  readonly midway: Midway | null;
  /** The first of its read, which another mark does not lead to. */
  readonly first: boolean;
  readonly now: bigint;
  readonly current: Addr;
  /** What kernel code of the user's holds. */
  readonly held: readonly Hold[];
  /** By session: callbacks that have returned, and reads. */
  readonly calls: readonly number[];
  readonly reads: readonly number[];
  /** Leads to the next mark; null in the last one. */
  delta: Delta | null;
}

/** The walk on from a mark. */
interface Live {
  step: number;
  span: number;
  readonly calls: number[];
  /** null: it is only looked at. */
  readonly walk: Generator | null;
}

export interface TapeOptions {
  /** Callbacks between two marks; more once the deltas take more than `most` bytes. */
  readonly stride?: number;
  readonly most?: Bytes;
  /** The session whose callback is the first to be seen, when there were others before. */
  readonly from?: number;
  /** Others do something between two reads. */
  readonly apart?: boolean;
}

export class Tape implements Player {
  private readonly machine: Machine;
  private readonly sessions: readonly Session[];
  private readonly apart: boolean;
  private readonly log: PageLog;
  private marks: Mark[] = [];
  private readonly spans: ReadSpan[] = [];
  private stride: number;
  private readonly most: Bytes;
  private bytes = 0;
  /** Callbacks of all sessions, and by session. */
  private end = 0;
  private readonly ends: number[];
  /** What the tape began with: changes of who has which memory, and of the world. */
  private allocations = 0;
  private changes = 0;
  private beginnings = 1;
  /** The mark that memory was last at. */
  private at = 0;
  private live: Live | null = null;
  /** Who records the sessions, while nothing is recorded: the machine is somewhere else than at the end. */
  private recorders: readonly (SessionRecorder | null)[] | null = null;

  /** Begins when a callback has returned that is still to be seen; `canWind` has said that it can. */
  constructor(
    machine: Machine,
    { stride = STRIDE, most = MOST_BYTES, from, apart = false }: TapeOptions = {},
  ) {
    this.stride = stride;
    this.most = most;
    this.machine = machine;
    this.sessions = machine.sys.fds.openSessions;
    this.ends = this.sessions.map(({ id, recorder }) =>
      from === undefined ? 0 : (recorder?.call ?? 0) - (id === from ? 1 : 0),
    );
    this.apart = apart;
    this.log = new PageLog(machine.kernel.mem);
    this.note();
  }

  private note(): void {
    this.allocations = this.machine.kernel.mem.allocations;
    this.changes = this.machine.script.made.size;
  }

  /** Looks at a callback that has just been recorded. @returns whether the run can still be wound */
  see(): boolean {
    const of = this.sessions.findIndex(({ recorder }, i) => recorder && recorder.call !== this.ends[i]);
    const session = this.sessions[of];
    if (!session?.recorder) return true;
    const { last, call } = session.recorder;
    this.end++;
    this.ends[of] = call;
    let span = this.spans.at(-1);
    const isNew = span?.of !== of || span.reads !== session.reads;
    if (!span || isNew) {
      const before = (session.recorder.reads.at(-1)?.lastCall ?? -1) + 1;
      const step = this.end - (call - before);
      span = { of, step, call: before, reads: session.reads, size: session.readSize };
      this.spans.push(span);
    }
    const { kernel, script } = this.machine;
    const same = kernel.mem.allocations === this.allocations && script.made.size === this.changes;
    if (!same && !this.beginAnew()) return false;
    if (!last) return true;
    // Between two objects a read is a position: only there it can be taken up again.
    const isStart = last.kind === 'start' && last.result >= 0;
    const isShow = last.kind === 'show' && last.result >= 0;
    const before = this.marks.at(-1);
    const first = isNew && this.apart && before !== undefined;
    const due = before ? isShow && this.end - before.step >= this.stride : isStart || isShow;
    if (!first && !due) return true;
    this.mark(isStart || isShow ? { object: last.object, shown: (call - span.call) >> 1 } : null, first);
    return this.bytes <= this.most || this.marks.length <= 2 || this.close();
  }

  private beginAnew(): boolean {
    this.marks = [];
    this.bytes = 0;
    this.note();
    this.log.forget();
    const { byteLength } = this.machine.kernel.mem.buffer;
    if (!this.apart && ++this.beginnings <= MOST_BEGINNINGS && byteLength <= LARGE_WORLD) return true;
    return this.close();
  }

  private close(): false {
    this.log.close();
    return false;
  }

  private mark(midway: Midway | null, first = false): void {
    const before = this.marks.at(-1);
    const delta = this.log.mark();
    if (before) {
      before.delta = delta;
      this.bytes += deltaBytes(delta);
    }
    const { kernel, module } = this.machine;
    this.marks.push({
      step: this.end,
      span: this.spans.length - 1,
      midway,
      first,
      now: kernel.now,
      current: kernel.current,
      held: module?.ledger.all ?? [],
      calls: [...this.ends],
      reads: this.sessions.map(({ reads }) => reads),
      delta: null,
    });
    this.at = this.marks.length - 1;
    while (this.bytes > this.most && this.thin());
  }

  /** Leaves out every second mark. @returns whether there was any to leave out */
  private thin(): boolean {
    const before = this.marks.length;
    const kept: Mark[] = [];
    this.marks.forEach((mark, i) => {
      const last = kept.at(-1);
      if (i % 2 === 0 || mark.first || !last?.delta || !mark.delta) kept.push(mark);
      else last.delta = joinDeltas(last.delta, mark.delta);
    });
    this.marks = kept;
    this.at = kept.length - 1;
    this.bytes = kept.reduce((sum, { delta }) => sum + (delta ? deltaBytes(delta) : 0), 0);
    this.stride *= 2;
    return kept.length < before;
  }

  /** Whether there is a mark at all, and nothing has been changed behind the last callback. */
  get isUsable(): boolean {
    const { kernel, script } = this.machine;
    const same = !this.apart || this.allocations === kernel.mem.allocations;
    return this.marks.length > 0 && same && this.changes === script.made.size;
  }

  /** Whether it leads to every moment of the run that it is usable for. */
  get isWhole(): boolean {
    return this.beginnings === 1;
  }

  // -- winding ---------------------------------------------------------------------------------------------

  after(session: number, calls: number): Machine | null {
    const of = this.sessions.findIndex(({ id }) => id === session);
    const span = this.spans.findLast((one) => one.of === of && one.call < calls);
    if (!span || calls > (this.ends[of] ?? 0) || !this.isUsable) return null;
    this.leaveEnd();
    const step = span.step + calls - span.call;
    const mark = this.marks.findLastIndex((one) => one.step <= step && (one.midway || one.step === step));
    if (mark < 0) return null;
    if (this.live === null || this.live.step > step || this.at < mark) this.wind(mark);
    while ((this.live?.step ?? step) < step) if (!this.next()) return null;
    return this.machine;
  }

  next(): boolean {
    const { live, spans } = this;
    if (!live || live.step >= this.end) return false;
    const { step } = live;
    if (!live.walk || (this.apart && spans[live.span + 1]?.step === step)) {
      // No program runs in the first callback of a read: what led to it is not made again.
      const mark = this.marks.findIndex((one) => one.step === step + 1);
      if (mark >= 0) this.wind(mark);
      return mark >= 0;
    }
    try {
      live.walk.next();
    } catch (error) {
      if (!(error instanceof ProgramAbort)) throw error;
      return false;
    }
    while ((spans[live.span + 1]?.step ?? Infinity) <= live.step) live.span++;
    const of = spans[live.span]?.of ?? 0;
    live.calls[of] = (live.calls[of] ?? 0) + 1;
    live.step++;
    return true;
  }

  calls(session: number): number {
    return this.live?.calls[this.sessions.findIndex(({ id }) => id === session)] ?? 0;
  }

  /** Whether the machine is somewhere else than at the end of the recording. */
  get isWound(): boolean {
    return this.recorders !== null;
  }

  /** Where the recording will go on, the end is a mark, too. */
  private leaveEnd(): void {
    if (this.recorders) return;
    if (this.apart) this.mark(null, true);
    this.recorders = this.sessions.map(({ recorder }) => recorder);
  }

  /** Brings the machine back to where it can go on being recorded; only of a tape of reads apart. */
  toEnd(): void {
    const { recorders } = this;
    if (!recorders) return;
    this.wind(this.marks.length - 1);
    this.sessions.forEach((session, i) => (session.recorder = recorders[i] ?? null));
    this.recorders = null;
    this.live = null;
  }

  /** Brings memory, and the little that is not in it, to a mark. */
  private wind(to: number): void {
    const { machine, sessions, marks } = this;
    this.log.undo();
    const { mem } = machine.kernel;
    const lead = (i: number): void => {
      const delta = marks[i]?.delta;
      if (delta) applyDelta(mem, delta);
    };
    while (this.at > to) lead(--this.at);
    while (this.at < to) lead(this.at++);
    const mark = marks[to];
    if (!mark) return;
    machine.kernel.now = mark.now;
    machine.kernel.current = mark.current;
    if (machine.module) machine.module.ledger.all = mark.held;
    sessions.forEach((session, i) => {
      session.reads = mark.reads[i] ?? 0;
      session.ran = { ret: -1, insns: 0 };
      // What is walked again has been recorded.
      session.recorder = null;
    });
    const { step, span, midway, calls } = mark;
    this.live = { step, span, calls: [...calls], walk: midway && this.onward(span, midway) };
  }

  /** Reads on from inside of a read. Who looks back stops it at the run's own end. */
  private *onward(span: number, midway: Midway): Generator {
    const { machine, sessions, spans } = this;
    for (const [i, { of, reads, size }] of spans.slice(span).entries()) {
      const session = sessions[of];
      if (!session) return;
      // A read that made no callback is counted, and changed nothing.
      session.reads = reads;
      const file = machine.kernel.view('file', machine.kernel.view('seq_file', session.seq.addr).ptr('file'));
      yield* readSession(session, file, size, false, i === 0 ? midway : null);
    }
  }
}

/** Whether reading the sessions that are open may turn out to change bytes alone. */
export function canWind({ sys, kernel }: Machine): boolean {
  const { openSessions } = sys.fds;
  const progs = new Set(openSessions.map(({ prog }) => progsByAddr.at(kernel, prog.addr)));
  return openSessions.length > 0 && [...progs].every(({ spec: { insns } }) => insns.every(changesBytesAlone));
}

const changesBytesAlone = ({ code, src, imm }: Insn): boolean =>
  code !== (op.BPF_JMP | op.BPF_CALL) ||
  src === op.BPF_PSEUDO_CALL ||
  (src === 0 && WINDABLE.has(helperName(imm).slice('bpf_'.length)));
