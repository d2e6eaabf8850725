/**
 * Timers and work queues in map values: callbacks that run later, on behalf of a program.
 *
 *     value { struct bpf_timer -> bpf_hrtimer { cb { map, prog, callback_fn, value }, timer { expires, state } } }
 *     value { struct bpf_wq    -> bpf_work    { cb { map, prog, callback_fn, value }, work } }
 *
 * In the kernel an interrupt or a worker runs them. Here they run between two callbacks of an iterator, in order of
 * their expiry, work before timers of the same moment, so that a run repeats exactly; time moves with the
 * instructions of programs. What is known of them stands in memory; beside it only which of them are to run.
 *
 * Source: kernel/bpf/helpers.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { getRef } from '../kernel/objects/refs.ts';
import type { View } from '../kernel/view.ts';
import type { Call, Helper } from '../vm/helper.ts';
import type { Processor } from '../vm/processor.ts';
import { runProg } from '../vm/run.ts';
import { mapsByAddr } from './map.ts';
import { IndexedMap } from './maps/array.ts';
import { Htab } from './maps/htab.ts';
import { progOf, progsByAddr } from './prog.ts';

const CLOCK_MASK = 15n;
/** CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME. */
const CLOCKS: ReadonlySet<bigint> = new Set([1n, 0n, 7n]);
const ABSOLUTE = 1n;
const PINNED = 2n;
/** HRTIMER_STATE_ENQUEUED */
const ENQUEUED = 1;

/** What a field of a value may lead to. */
const KINDS = {
  bpf_timer: { struct: 'bpf_hrtimer' },
  bpf_wq: { struct: 'bpf_work' },
} as const;
type Kind = keyof typeof KINDS;

export class Timers {
  /** Who counts references on programs drops one; set by the system call layer. */
  dropProg: (prog: Addr) => void = () => {};
  private readonly kernel: Kernel;
  /** Timers and work that are to run, in the order in which they were started. */
  private readonly queue = new Map<Addr, Kind>();
  private running: Addr | null = null;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    for (const { struct } of Object.values(KINDS)) kernel.onFree(struct, (item) => this.forget(item));
  }

  get helpers(): readonly (readonly [number, Helper])[] {
    return [
      [169, (c) => this.timerInit(c)],
      [170, (c) => this.setCallback(c, 'bpf_timer')],
      [171, (c) => this.timerStart(c)],
      [172, (c) => this.cancel(c)],
    ];
  }
  get kfuncs(): readonly (readonly [string, Helper])[] {
    return [
      ['bpf_wq_init', (c) => (c.u32(3) !== 0 ? fail('EINVAL') : this.init(c, 'bpf_wq', 0n))],
      ['bpf_wq_set_callback_impl', (c) => (c.u32(3) !== 0 ? fail('EINVAL') : this.setCallback(c, 'bpf_wq'))],
      ['bpf_wq_start', (c) => this.workStart(c)],
    ];
  }

  /** What the field that a program names leads to, or null before init. */
  private item(call: Call, kind: Kind): View | null {
    const at = call.mem.u64(call.arg(1));
    return at === 0n ? null : this.kernel.view(KINDS[kind].struct, at);
  }

  /**
   * @returns 0, -EINVAL for a clock, -EBUSY for a timer that is initialised, -EPERM for a map nobody holds
   * @kernel bpf_timer_init, kernel/bpf/helpers.c
   * @fidelity full: app/helpers.test.ts
   */
  private timerInit(call: Call): NegErrno {
    const clock = call.arg(3);
    if ((clock & ~CLOCK_MASK) !== 0n || !CLOCKS.has(clock & CLOCK_MASK)) return fail('EINVAL');
    return this.init(call, 'bpf_timer', clock);
  }

  /** @kernel __bpf_async_init, kernel/bpf/helpers.c @fidelity full: app/helpers.test.ts */
  private init(call: Call, kind: Kind, flags: bigint): NegErrno {
    const at = call.arg(1);
    const map = mapsByAddr.at(call.kernel, call.arg(2));
    if (call.mem.u64(at) !== 0n) return fail('EBUSY');
    if (map.view.num('usercnt') === 0) return fail('EPERM');
    const offset = map.special.find((field) => field.kind === kind)?.offset ?? 0;
    const item = this.kernel.alloc(KINDS[kind].struct);
    item.set('cb.map', map.addr);
    item.set('cb.value', at - BigInt(offset));
    item.set('cb.flags', flags);
    call.mem.setU64(at, item.addr);
    return 0;
  }

  /**
   * The program is held for as long as it may be called back.
   *
   * @returns 0, -EINVAL before init, -EPERM for a map nobody holds
   * @kernel __bpf_async_set_callback, kernel/bpf/helpers.c
   * @fidelity full: app/helpers.test.ts
   */
  private setCallback(call: Call, kind: Kind): NegErrno {
    const item = this.item(call, kind);
    if (!item) return fail('EINVAL');
    const map = mapsByAddr.at(this.kernel, item.ptr('cb.map'));
    if (map.view.num('usercnt') === 0) return fail('EPERM');
    const prog = progOf(call.code);
    const old = item.ptr('cb.prog');
    if (prog && prog.addr !== old) {
      getRef(prog.aux, 'refcnt');
      item.set('cb.prog', prog.addr);
      if (old !== 0n) this.dropProg(old);
    }
    item.set('cb.callback_fn', call.arg(2));
    return 0;
  }

  /** @kernel bpf_timer_start, kernel/bpf/helpers.c @fidelity partial: BPF_F_TIMER_CPU_PIN means nothing to one processor */
  private timerStart(call: Call): NegErrno {
    const timer = this.item(call, 'bpf_timer');
    const flags = call.arg(3);
    if ((flags & ~(ABSOLUTE | PINNED)) !== 0n || !timer || timer.ptr('cb.prog') === 0n) return fail('EINVAL');
    timer.set('timer.node.expires', call.arg(2) + ((flags & ABSOLUTE) !== 0n ? 0n : call.now()));
    timer.set('timer.state', ENQUEUED);
    this.queue.delete(timer.addr);
    this.queue.set(timer.addr, 'bpf_timer');
    return 0;
  }

  /** @kernel bpf_wq_start, kernel/bpf/helpers.c @fidelity full: app/async.test.ts */
  private workStart(call: Call): NegErrno {
    const work = this.item(call, 'bpf_wq');
    if (call.u32(2) !== 0 || !work || work.ptr('cb.prog') === 0n) return fail('EINVAL');
    if (!this.queue.has(work.addr)) this.queue.set(work.addr, 'bpf_wq');
    return 0;
  }

  /**
   * @returns 1 for a timer that was running, else 0; -EINVAL before init, -EDEADLK from its own callback
   * @kernel bpf_timer_cancel, kernel/bpf/helpers.c
   * @fidelity full: app/helpers.test.ts
   */
  private cancel(call: Call): NegErrno {
    const timer = this.item(call, 'bpf_timer');
    if (!timer) return fail('EINVAL');
    if (this.running === timer.addr) return fail('EDEADLK');
    const was = this.queue.has(timer.addr);
    this.forget(timer);
    return was ? 1 : 0;
  }

  /** It will not run, and no longer holds its program. */
  private forget(item: View): void {
    this.dequeue(item);
    const prog = item.ptr('cb.prog');
    item.set('cb.prog', 0n);
    item.set('cb.callback_fn', 0n);
    if (prog !== 0n) this.dropProg(prog);
  }
  private dequeue(item: View): void {
    if (this.queue.get(item.addr) === 'bpf_timer') item.set('timer.state', 0);
    this.queue.delete(item.addr);
  }

  /** When an entry of the queue is to run; work at once. */
  private due([at, kind]: readonly [Addr, Kind]): { readonly item: View; readonly at: bigint } {
    const item = this.kernel.view(KINDS[kind].struct, at);
    return { item, at: kind === 'bpf_wq' ? 0n : item.big('timer.node.expires') };
  }

  /** Runs the callbacks of timers that have expired, the earliest first, and of work. A callback may start them again. */
  runDue(processor: Processor): void {
    while (this.queue.size > 0) {
      const next = [...this.queue]
        .map((entry) => this.due(entry))
        .filter(({ at }) => at <= this.kernel.now)
        .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))[0];
      if (!next) return;
      this.dequeue(next.item);
      this.running = next.item.addr;
      this.call(processor, next.item);
      this.running = null;
    }
  }

  /** @kernel bpf_timer_cb, bpf_wq_work, kernel/bpf/helpers.c @fidelity full: app/helpers.test.ts */
  private call(processor: Processor, item: View): void {
    const { mem } = this.kernel;
    const prog = progsByAddr.find(this.kernel, item.ptr('cb.prog'));
    const map = mapsByAddr.find(this.kernel, item.ptr('cb.map'));
    if (!prog || !map) return;
    const value = item.ptr('cb.value');
    const index = mem.alloc(8, 8);
    const key = map instanceof Htab ? map.keyOfValue(value) : index;
    if (map instanceof IndexedMap) mem.setU32(index, Number(value - map.values) / map.slotSize);
    const entry = prog.code.indexOf(item.ptr('cb.callback_fn'));
    runProg(processor, prog.code, { ctx: map.addr, entry, args: [key, value] });
    mem.release(index);
  }
}
