/**
 * Wakeup sources: devices that may wake a machine which sleeps. This one never sleeps, so none has done it.
 *
 *     wakeup_sources -> wakeup_source.entry -> ...        in order of registration
 *
 * Source: drivers/base/power/wakeup.c, Linux 6.12.
 */
import type { Kernel } from '../kernel.ts';
import { listAddTail, listInit } from '../list.ts';
import { spinLockInit } from './spin_lock.ts';

/** What any PC registers: the button that switches it on, the clock that runs on a battery, and timers that use it. */
const NAMES = ['LNXPWRBN:00', 'rtc_cmos', 'alarmtimer.0.auto'];
const NEVER = [
  'total_time',
  'max_time',
  'last_time',
  'start_prevent_time',
  'prevent_sleep_time',
  'event_count',
  'active_count',
  'relax_count',
  'expire_count',
  'wakeup_count',
  'active',
  'autosleep_enabled',
  'timer_expires',
];

/** @kernel wakeup_source_register, drivers/base/power/wakeup.c @fidelity partial: without devices; nothing ever wakes up */
export function initWakeupSources(kernel: Kernel): void {
  if (!kernel.types.has('wakeup_source')) return;
  const head = kernel.object('wakeup_sources', 'list_head').addr;
  listInit(kernel.mem, head);
  NAMES.forEach((name, i) => {
    const source = kernel.alloc('wakeup_source');
    source.set('name', kernel.allocText(name));
    source.trySet('id', i + 1);
    for (const count of NEVER) source.trySet(count, 0);
    spinLockInit(source, 'lock');
    listAddTail(kernel.mem, source.at('entry'), head);
  });
}
