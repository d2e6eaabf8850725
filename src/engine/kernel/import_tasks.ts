/**
 * What /proc/PID/stat and status tell of a task beyond its place among others, and /proc/stat of the processor.
 *
 * Source: fs/proc/array.c, fs/proc/stat.c.
 */
import { numbers } from './proc_text.ts';
import type { Stat } from './proc_text.ts';
import type { WorldInput } from './world_schema.ts';

type Status = ReadonlyMap<string, string>;
type Process = WorldInput['processes'][number];
type Mm = Extract<NonNullable<Process['mm']>, { vmas: unknown }>;

/** USER_HZ is 100: what a tick of stat is. */
export const TICK_NS = 10_000_000;
const KB = 1024;

/** A set of signals; one without any is not worth a word. */
const set = (status: Status, key: string): string | null => {
  const bits = BigInt(`0x${status.get(key) ?? '0'}`);
  return bits === 0n ? null : `0x${bits.toString(16)}`;
};
const given = <Key extends string>(key: Key, value: string | null): Partial<Record<Key, string>> =>
  (value === null ? {} : { [key]: value }) as Partial<Record<Key, string>>;

export function taskFacts(status: Status): Pick<Process, 'blocked' | 'pending' | 'noNewPrivs' | 'seccomp'> {
  const seccomp = Number(status.get('Seccomp') ?? 0);
  return {
    ...given('blocked', set(status, 'SigBlk')),
    ...given('pending', set(status, 'SigPnd')),
    noNewPrivs: status.get('NoNewPrivs') === '1',
    seccomp: seccomp === 1 || seccomp === 2 ? seccomp : 0,
  };
}

/** What /proc/PID/syscall tells of a task that sleeps: `NUMBER ARGUMENTS SP IP`, or `-1 SP IP` outside a call. */
export function registersOf(text: string): Pick<Process, 'registers'> {
  const words = text.trim().split(' ');
  const [ip, sp] = [words.pop(), words.pop()];
  const call = Number(words.shift() ?? NaN);
  if (ip === undefined || sp === undefined || !Number.isInteger(call)) return {};
  return { registers: { ip, sp, ...(call < 0 ? {} : { call, args: words }) } };
}

/** The name of a terminal by the number in stat: minor in the lowest and highest bits, major between. */
export function terminal(number: number): string | null {
  const major = (number >> 8) & 0xfff;
  const minor = (number & 0xff) | ((number >>> 20) << 8);
  if (major >= 136 && major < 144) return `pts/${(major - 136) * 256 + minor}`;
  if (major !== 4) return null;
  return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
}

export function processFacts(stat: Stat, status: Status): Partial<Process> {
  const foreground = stat.num(8);
  const tty = terminal(stat.num(7));
  return {
    umask: status.get('Umask')?.replace(/^0+(?=...)/, '') ?? '022',
    ...given('sharedPending', set(status, 'ShdPnd')),
    ...given('ignored', set(status, 'SigIgn')),
    ...given('caught', set(status, 'SigCgt')),
    childUserTime: stat.num(16) * TICK_NS,
    childSystemTime: stat.num(17) * TICK_NS,
    childMinorFaults: stat.num(11),
    childMajorFaults: stat.num(13),
    ...(tty === null ? {} : { tty, ...(foreground > 0 ? { foreground } : {}) }),
  };
}

/** Pages, which status tells in kB. */
export function residency(status: Status): Partial<Mm> {
  const pages = (key: string): number => Math.floor((numbers(status.get(key))[0] ?? 0) / 4);
  const known = (key: string, name: 'peakVm' | 'peakRss' | 'pinned'): Partial<Mm> =>
    status.has(key) ? { [name]: pages(key) } : {};
  const tables = status.get('VmPTE');
  return {
    rss: { file: pages('RssFile'), anon: pages('RssAnon'), swap: pages('VmSwap'), shmem: pages('RssShmem') },
    ...known('VmPeak', 'peakVm'),
    ...known('VmHWM', 'peakRss'),
    ...known('VmPin', 'pinned'),
    ...(tables === undefined ? {} : { pageTables: (numbers(tables)[0] ?? 0) * KB }),
  };
}

/** @param text of /proc/stat; '' tells nothing */
export function cpuTimes(text: string): Pick<WorldInput, 'cpuTimes'> {
  const row = /^cpu0 (.*)$/m.exec(text)?.[1] ?? /^cpu +(.*)$/m.exec(text)?.[1];
  if (row === undefined) return {};
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = numbers(
    row,
  ).map((ticks) => ticks * TICK_NS);
  const switches = Number(/^ctxt (\d+)$/m.exec(text)?.[1] ?? 0);
  return { cpuTimes: { user, nice, system, idle, iowait, irq, softirq, steal, switches } };
}
