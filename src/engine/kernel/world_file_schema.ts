/**
 * What is behind a file of a world that is more than its name: an eventfd's counter, what a timerfd, signalfd,
 * epoll or inotify instance waits for, a terminal's number, and the times of its inode.
 */
import * as v from 'valibot';

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const u32 = v.pipe(count, v.maxValue(0xffff_ffff));
const hexText = v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{1,16}$/, 'expected hex text such as "0x1234"'));

/** Seconds since 1970, with a fraction. */
const time = v.pipe(v.number(), v.minValue(0));

export const fileState = {
  eventfd: v.optional(
    v.strictObject({
      count: v.optional(hexText, '0x0'),
      id: v.optional(count),
      semaphore: v.optional(v.boolean(), false),
    }),
  ),
  /** Nanoseconds: until it fires, 0 when it is not armed, and from then on. */
  timerfd: v.optional(
    v.strictObject({
      /** CLOCK_REALTIME is 0, CLOCK_MONOTONIC 1, CLOCK_BOOTTIME 7. */
      clock: v.optional(v.pipe(count, v.maxValue(11)), 1),
      ticks: v.optional(count, 0),
      value: v.optional(count, 0),
      interval: v.optional(count, 0),
    }),
  ),
  /** Bit i: signal i + 1. */
  signalfd: v.optional(hexText),
  /** Fds of the same table that an epoll instance watches. */
  epoll: v.optional(
    v.array(v.strictObject({ fd: count, events: v.optional(u32, 1), data: v.optional(hexText, '0x0') })),
  ),
  inotify: v.optional(
    v.array(
      v.strictObject({
        wd: v.pipe(count, v.minValue(1), v.maxValue(0x7fff_ffff)),
        path: v.pipe(v.string(), v.startsWith('/'), v.maxLength(4096)),
        /** IN_* */
        mask: v.optional(u32, 0xfff),
      }),
    ),
  ),
  /** Of /dev/ptmx: number of the pseudo terminal whose other side it is. */
  pts: v.optional(v.pipe(count, v.maxValue(4095))),
  /** Left out: when the machine was booted. */
  times: v.optional(
    v.strictObject({ accessed: v.optional(time), modified: v.optional(time), changed: v.optional(time) }),
  ),
};
