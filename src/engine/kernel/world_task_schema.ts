/**
 * What a world may say of a process beyond who it is: its signals, what its children spent, its terminal, and
 * how the processor spent its time.
 */
import * as v from 'valibot';

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
/** Bit i: signal i + 1, as in /proc/PID/status. */
const signals = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-fA-F]{1,16}$/, 'expected signals as hex text such as "0x1000"'),
);

const address = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-fA-F]{1,16}$/, 'expected an address as hex text such as "0x7f0000001000"'),
);
/** With what it entered the kernel, as in /proc/PID/syscall. */
const registers = v.strictObject({
  ip: address,
  sp: address,
  /** Number of the system call that it is in; left out: in none. */
  call: v.optional(count),
  /** rdi, rsi, rdx, r10, r8, r9 */
  args: v.optional(v.pipe(v.array(address), v.maxLength(6)), []),
});

/** Of one task. */
export const taskFacts = {
  registers: v.optional(registers),
  /** Signals that it has blocked, and that wait for it. */
  blocked: v.optional(signals),
  pending: v.optional(signals),
  noNewPrivs: v.optional(v.boolean(), false),
  /** 0: none, 1: strict, 2: filter. */
  seccomp: v.optional(v.picklist([0, 1, 2]), 0),
  /** Nanoseconds that it ran as a guest's processor. */
  guestTime: v.optional(count, 0),
};

/** Of a whole process. */
export const processFacts = {
  umask: v.optional(
    v.pipe(v.string(), v.regex(/^0?[0-7]{1,3}$/, 'expected octal text such as "022"')),
    '022',
  ),
  /** Signals that wait for the process, that it ignores, and for which it has a handler. */
  sharedPending: v.optional(signals),
  ignored: v.optional(signals),
  caught: v.optional(signals),
  /** Of children that were waited for: nanoseconds, and page faults. */
  childUserTime: v.optional(count, 0),
  childSystemTime: v.optional(count, 0),
  childMinorFaults: v.optional(count, 0),
  childMajorFaults: v.optional(count, 0),
  /** The session's controlling terminal: `pts/0`, `tty1`, `ttyS0`. */
  tty: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^(pts\/\d{1,4}|tty\d{1,2}|ttyS\d{1,2})$/, 'expected a terminal such as "pts/0"'),
    ),
  ),
  /** Process group in the terminal's foreground, when it is known. */
  foreground: v.optional(count),
};

/** What /proc/stat lists: nanoseconds, and switches from task to task. */
export const cpuTimesSchema = v.strictObject({
  user: v.optional(count, 0),
  nice: v.optional(count, 0),
  system: v.optional(count, 0),
  idle: v.optional(count, 0),
  iowait: v.optional(count, 0),
  irq: v.optional(count, 0),
  softirq: v.optional(count, 0),
  steal: v.optional(count, 0),
  switches: v.optional(count, 0),
});

/** What an address space needed at its most, and what describes it. */
export const mmFacts = {
  /** Pages. */
  peakVm: v.optional(count),
  peakRss: v.optional(count),
  pinned: v.optional(count),
  /** Bytes of page tables. */
  pageTables: v.optional(count),
};
