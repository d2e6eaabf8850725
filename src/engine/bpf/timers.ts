/**
 * Timers in map values: callbacks that run when simulated time has come that far.
 *
 *     struct bpf_timer { struct bpf_hrtimer *timer; lock }     callback(map, key, value)
 *
 * In the kernel an interrupt runs them. Here they run between two callbacks of an iterator, in order of
 * their expiry, so that a run repeats exactly; time moves with the instructions of programs.
 *
 * Source: kernel/bpf/helpers.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Code } from '../vm/code.ts';
import type { Call, Helper } from '../vm/helper.ts';
import type { Processor } from '../vm/processor.ts';
import { runProg } from '../vm/run.ts';
import { mapsByAddr } from './map.ts';
import type { BpfMap } from './map.ts';
import { IndexedMap } from './maps/array.ts';
import { Htab } from './maps/htab.ts';

const CLOCK_MASK = 15n;
/** CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME. */
const CLOCKS: ReadonlySet<bigint> = new Set([1n, 0n, 7n]);
const ABSOLUTE = 1n;
const PINNED = 2n;

interface Timer {
  /** What the field of the value points to. */
  readonly hrtimer: Addr;
  readonly map: BpfMap;
  /** Start of the value that holds it. */
  readonly value: Addr;
  callback: { readonly code: Code; readonly fn: Addr } | null;
  /** null: not running. */
  expires: bigint | null;
}

export class Timers {
  private readonly kernel: Kernel;
  /** By the address of the struct bpf_timer. */
  private readonly timers = new Map<Addr, Timer>();
  private running: Addr | null = null;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  get helpers(): readonly (readonly [number, Helper])[] {
    return [
      [169, (c) => this.init(c)],
      [170, (c) => this.setCallback(c)],
      [171, (c) => this.start(c)],
      [172, (c) => this.cancel(c)],
    ];
  }

  private find(call: Call): Timer | null {
    const timer = this.timers.get(call.arg(1));
    return timer && this.alive([call.arg(1), timer]) ? timer : null;
  }

  /**
   * @returns 0, -EINVAL for a clock, -EBUSY for a timer that is initialised, -EPERM for a map nobody holds
   * @kernel bpf_timer_init, kernel/bpf/helpers.c
   * @fidelity full: app/helpers.test.ts
   */
  private init(call: Call): NegErrno {
    const at = call.arg(1);
    const map = mapsByAddr.at(call.kernel, call.arg(2));
    const clock = call.arg(3);
    if ((clock & ~CLOCK_MASK) !== 0n || !CLOCKS.has(clock & CLOCK_MASK)) return fail('EINVAL');
    if (call.mem.u64(at) !== 0n) return fail('EBUSY');
    if (map.view.num('usercnt') === 0) return fail('EPERM');
    const field = map.special.find(({ kind }) => kind === 'bpf_timer');
    const hrtimer = call.mem.alloc(64, 64);
    call.mem.setU64(at, hrtimer);
    this.timers.set(at, {
      hrtimer,
      map,
      value: at - BigInt(field?.offset ?? 0),
      callback: null,
      expires: null,
    });
    return 0;
  }

  /** @kernel bpf_timer_set_callback, kernel/bpf/helpers.c @fidelity full: app/helpers.test.ts */
  private setCallback(call: Call): NegErrno {
    const timer = this.find(call);
    if (!timer) return fail('EINVAL');
    if (timer.map.view.num('usercnt') === 0) return fail('EPERM');
    timer.callback = { code: call.code, fn: call.arg(2) };
    return 0;
  }

  /** @kernel bpf_timer_start, kernel/bpf/helpers.c @fidelity full: app/helpers.test.ts */
  private start(call: Call): NegErrno {
    const timer = this.find(call);
    const flags = call.arg(3);
    if ((flags & ~(ABSOLUTE | PINNED)) !== 0n || !timer?.callback) return fail('EINVAL');
    timer.expires = call.arg(2) + ((flags & ABSOLUTE) !== 0n ? 0n : call.now());
    return 0;
  }

  /**
   * @returns 1 for a timer that was running, else 0; -EINVAL before init, -EDEADLK from its own callback
   * @kernel bpf_timer_cancel, kernel/bpf/helpers.c
   * @fidelity full: app/helpers.test.ts
   */
  private cancel(call: Call): NegErrno {
    const timer = this.find(call);
    if (!timer) return fail('EINVAL');
    if (this.running === call.arg(1)) return fail('EDEADLK');
    const was = timer.expires !== null;
    timer.expires = null;
    timer.callback = null;
    return was ? 1 : 0;
  }

  /** False once the value that held the timer has gone: its field no longer points to what init made. */
  private alive([at, { hrtimer }]: readonly [Addr, Timer]): boolean {
    return this.kernel.mem.u64(at) === hrtimer;
  }

  /** Runs the callbacks of timers that have expired, the earliest first. A callback may start timers again. */
  runDue(processor: Processor): void {
    for (;;) {
      const due = [...this.timers]
        .filter((entry) => this.alive(entry))
        .filter(([, { expires }]) => expires !== null && expires <= this.kernel.now)
        .sort(([, a], [, b]) => Number((a.expires ?? 0n) - (b.expires ?? 0n)))[0];
      if (!due) return;
      const [at, timer] = due;
      timer.expires = null;
      if (!timer.callback || !mapsByAddr.find(this.kernel, timer.map.addr)) continue;
      this.running = at;
      this.call(processor, timer.callback, timer);
      this.running = null;
    }
  }

  /** @kernel bpf_timer_cb, kernel/bpf/helpers.c @fidelity full: app/helpers.test.ts */
  private call(processor: Processor, { code, fn }: { code: Code; fn: Addr }, { map, value }: Timer): void {
    const { mem } = this.kernel;
    const index = mem.alloc(8, 8);
    const key = map instanceof Htab ? map.keyOfValue(value) : index;
    if (map instanceof IndexedMap) mem.setU32(index, Number(value - map.values) / map.slotSize);
    runProg(processor, code, { ctx: map.addr, entry: code.indexOf(fn), args: [key, value] });
    mem.release(index);
  }
}
