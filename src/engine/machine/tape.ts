/**
 * Winds a run back and forth: marks are set while it is recorded, and what differs between them is kept.
 * A moment is reached from the mark before it, so what it costs does not depend on the length of the run.
 *
 *     mark --delta-- mark --delta-- mark .. end        wound to a mark, then on by callbacks
 *
 * A machine can be wound as far as all that changes is bytes. A run that hands out or takes back memory, or
 * whose program keeps something elsewhere, is played again instead.
 */
import * as op from '../abi/opcode.ts';
import { helperName } from '../abi/helper_id.ts';
import { ProgramAbort } from '../iter/bpf_iter.ts';
import type { Midway } from '../iter/seq_read.ts';
import type { Session } from '../iter/session.ts';
import { PageLog, applyDelta, deltaBytes, joinDeltas } from '../kernel/page_log.ts';
import type { Delta } from '../kernel/page_log.ts';
import { must } from '../../shared/assert.ts';
import { progsByAddr } from '../bpf/prog.ts';
import { read } from '../sys/files.ts';
import type { Machine } from './boot.ts';
import type { Player } from './player.ts';

/** Callbacks between two marks, at first. */
const STRIDE = 256;
/** Bytes that all deltas may take. */
const MOST_BYTES = 48 << 20;

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

/** What is not in memory at a mark. */
interface Mark {
  /** Callbacks that have returned. */
  readonly call: number;
  readonly now: bigint;
  readonly reads: number;
  readonly midway: Midway;
  /** Leads to the next mark; null in the last one. */
  delta: Delta | null;
}

/** The walk on from a mark. */
interface Live {
  call: number;
  readonly walk: Generator;
}

/** Where and how the one session of a run is read. */
export interface Reading {
  readonly fd: number;
  readonly size: number;
}

export class Tape implements Player {
  private readonly machine: Machine;
  private readonly session: Session;
  private readonly reading: Reading;
  private readonly log: PageLog;
  private readonly allocations: number;
  private marks: Mark[] = [];
  private stride: number;
  private readonly most: number;
  private bytes = 0;
  /** Calls at which the read that is recorded began. */
  private readFrom = 0;
  /** Callbacks of the whole run. */
  private end = 0;
  /** The mark that memory was last at. */
  private at = 0;
  private live: Live | null = null;

  /**
   * Begins when the first callback has returned; `canWind` has said that it can.
   *
   * @param stride callbacks between two marks; more once the deltas take more than `most` bytes
   */
  constructor(machine: Machine, reading: Reading, stride = STRIDE, most = MOST_BYTES) {
    this.stride = stride;
    this.most = most;
    this.machine = machine;
    this.session = must(machine.sys.fds.openSessions[0], 'a session');
    this.reading = reading;
    this.log = new PageLog(machine.kernel.mem);
    this.allocations = machine.kernel.mem.allocations;
  }

  /** Looks at a callback that has just been recorded. @returns whether the run can still be wound */
  see(): boolean {
    if (this.machine.kernel.mem.allocations !== this.allocations) {
      this.log.close();
      return false;
    }
    const { recorder } = this.session;
    const last = recorder?.last;
    if (!recorder || !last) return true;
    const { call } = recorder;
    this.end = call;
    if (last.kind === 'start') this.readFrom = call - 1;
    const first = this.marks.length === 0;
    if (!first && call - (this.marks.at(-1)?.call ?? 0) < this.stride) return true;
    // Between two objects a read is a position: only there it can be taken up again.
    const shown = (call - this.readFrom) >> 1;
    const isStart = first && last.kind === 'start' && last.result === 1;
    if (isStart || (last.kind === 'show' && last.result >= 0))
      this.mark(call, { object: last.object, shown });
    return true;
  }

  private mark(call: number, midway: Midway): void {
    const before = this.marks.at(-1);
    const delta = this.log.mark();
    if (before) {
      before.delta = delta;
      this.bytes += deltaBytes(delta);
    }
    const { now } = this.machine.kernel;
    this.marks.push({ call, now, reads: this.session.reads, midway, delta: null });
    this.at = this.marks.length - 1;
    while (this.bytes > this.most && this.marks.length > 2) this.thin();
  }

  /** Leaves out every second mark. */
  private thin(): void {
    const kept: Mark[] = [];
    this.marks.forEach((mark, i) => {
      const before = kept.at(-1);
      if (i % 2 === 0 || !before?.delta || !mark.delta) kept.push(mark);
      else before.delta = joinDeltas(before.delta, mark.delta);
    });
    this.marks = kept;
    this.at = kept.length - 1;
    this.bytes = kept.reduce((sum, { delta }) => sum + (delta ? deltaBytes(delta) : 0), 0);
    this.stride *= 2;
  }

  /** Whether there is a mark at all. */
  get isUsable(): boolean {
    return this.marks.length > 0;
  }

  // -- winding ---------------------------------------------------------------------------------------------

  after(session: number, calls: number): Machine | null {
    if (session !== this.session.id || calls > this.end) return null;
    const mark = this.marks.findLastIndex(({ call }) => call <= calls);
    if (mark < 0) return null;
    if (this.live === null || this.live.call > calls || this.at < mark) this.wind(mark);
    while ((this.live?.call ?? calls) < calls) if (!this.next()) return null;
    return this.machine;
  }

  next(): boolean {
    const { live } = this;
    if (!live || live.call >= this.end) return false;
    try {
      live.walk.next();
    } catch (error) {
      if (!(error instanceof ProgramAbort)) throw error;
      return false;
    }
    live.call++;
    return true;
  }

  calls(session: number): number {
    return session === this.session.id ? (this.live?.call ?? 0) : 0;
  }

  /** Brings memory, and the little that is not in it, to a mark. */
  private wind(to: number): void {
    const { machine, session, marks, reading } = this;
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
    session.reads = mark.reads;
    session.ran = { ret: -1, insns: 0 };
    // What is walked again has been recorded.
    session.recorder = null;
    this.live = { call: mark.call, walk: onward(machine, reading, mark.midway) };
  }
}

/** Reads on from inside of a read. Who looks back stops it before the run's own end. */
function* onward({ sys }: Machine, { fd, size }: Reading, midway: Midway): Generator {
  yield* read(sys, fd, size, false, midway);
  for (;;) yield* read(sys, fd, size);
}

/** Whether a run whose sessions have just been opened may turn out to change bytes alone. */
export function canWind(machine: Machine): boolean {
  const [session, another] = machine.sys.fds.openSessions;
  if (!session || another || machine.module || !machine.script.isOver) return false;
  const { insns } = progsByAddr.at(machine.kernel, session.prog.addr).spec;
  return insns.every(
    ({ code, src, imm }) =>
      code !== (op.BPF_JMP | op.BPF_CALL) ||
      src === op.BPF_PSEUDO_CALL ||
      (src === 0 && WINDABLE.has(helperName(imm).slice('bpf_'.length))),
  );
}
