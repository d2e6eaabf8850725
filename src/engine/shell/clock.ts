/** Wall time of the simulated machine: a fixed moment of boot, and the kernel's own clock since then. */
import type { Kernel } from '../kernel/kernel.ts';
import { BOOT_TIME } from '../kernel/objects/timer.ts';

export { BOOT_TIME } from '../kernel/objects/timer.ts';

const NSEC_PER_SEC = 1_000_000_000n;

/** Seconds since 1970. */
export const wallClock = (kernel: Kernel): number => BOOT_TIME + Number(kernel.now / NSEC_PER_SEC);

/** Wall time of a moment given in nanoseconds since boot. */
export const wallTimeOf = (sinceBoot: bigint): number => BOOT_TIME + Number(sinceBoot / NSEC_PER_SEC);

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

export interface Calendar {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The calendar of UTC; engine code has no Date. */
export function calendar(seconds: number): Calendar {
  const days = Math.floor(seconds / 86_400);
  const left = seconds - days * 86_400;
  // Days since 0000-03-01: leap days come at the end of such a year.
  const since = days + 719_468;
  const era = Math.floor(since / 146_097);
  const ofEra = since - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const month = (shifted + 2) % 12;
  return {
    year: yearOfEra + era * 400 + (month < 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * shifted + 2) / 5) + 1,
    hour: Math.floor(left / 3600),
    minute: Math.floor(left / 60) % 60,
    second: left % 60,
  };
}

/** `2026-01-31T12:00:00+0000` */
export function isoTime(seconds: number): string {
  const c = calendar(seconds);
  return `${c.year}-${two(c.month + 1)}-${two(c.day)}T${two(c.hour)}:${two(c.minute)}:${two(c.second)}+0000`;
}

const HALF_A_YEAR = 15_778_476;

/** As in a long listing: the time of day for what is younger than half a year, else the year. */
export function listTime(seconds: number, now: number): string {
  const c = calendar(seconds);
  const date = `${MONTHS[c.month]} ${String(c.day).padStart(2)}`;
  return now - seconds < HALF_A_YEAR && seconds <= now
    ? `${date} ${two(c.hour)}:${two(c.minute)}`
    : `${date}  ${c.year}`;
}

/** `12:34` for today, `Jan05` for other days: when a process began, as ps shows it. */
export function startedText(seconds: number, now: number): string {
  const c = calendar(seconds);
  if (now - seconds < 86_400) return `${two(c.hour)}:${two(c.minute)}`;
  const today = calendar(now);
  return today.year === c.year ? `${MONTHS[c.month]}${two(c.day)}` : String(c.year);
}

const DAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];

/** As date(1) prints it. */
export function dateText(seconds: number): string {
  const c = calendar(seconds);
  const day = DAYS[Math.floor(seconds / 86_400) % 7];
  return `${day} ${MONTHS[c.month]} ${String(c.day).padStart(2)} ${two(c.hour)}:${two(c.minute)}:${two(c.second)} UTC ${c.year}`;
}
