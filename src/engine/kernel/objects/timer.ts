/**
 * Timers: when each is to fire, and whether it is armed at all, which a timer shows by being on a list.
 *
 *     timer_list { entry.pprev, expires }        expires counts jiffies
 *
 * Time here moves too little for any to fire while a walk is looked at.
 *
 * Source: kernel/time/timer.c, include/linux/jiffies.h, Linux 6.12 with 250 jiffies a second.
 */
import type { Kernel } from '../kernel.ts';
import { hlistAddHead, hlistDel } from '../list.ts';
import type { View } from '../view.ts';

/** 2026-01-01 00:00:00 UTC, in seconds: when every machine of ours has booted. */
export const BOOT_TIME = 1_767_225_600;

export const HZ = 250n;
const NS_PER_SECOND = 1_000_000_000n;
/** The first value of jiffies: it wraps after five minutes. */
const INITIAL_JIFFIES = 0xffff_ffffn - 300n * HZ + 1n;

/** @param now nanoseconds since boot @kernel jiffies_64, kernel/time/timer.c @fidelity full: src/engine/bpf/recorded.test.ts */
export const jiffiesAt = (now: bigint): bigint => INITIAL_JIFFIES + (now * HZ) / NS_PER_SECOND;

/** @param expires absolute, in jiffies @kernel add_timer, kernel/time/timer.c @fidelity partial: all are on one list */
export function armTimer(kernel: Kernel, timer: View, expires: bigint): void {
  hlistAddHead(kernel.mem, timer.at('entry'), kernel.pointer('timer_bases'));
  timer.set('expires', expires);
}

/** @kernel timer_delete, kernel/time/timer.c @fidelity full: app/kernel_fields.test.ts */
export function deleteTimer(kernel: Kernel, timer: View): void {
  if (isPending(timer)) hlistDel(kernel.mem, timer.at('entry'));
}

/** @kernel timer_pending, include/linux/timer.h @fidelity full: app/kernel_fields.test.ts */
export const isPending = (timer: View): boolean => timer.ptr('entry.pprev') !== 0n;
