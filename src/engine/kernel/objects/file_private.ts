/**
 * What file.private_data leads to, for files that are nothing but a kernel object with an fd: made when they
 * are opened, freed with their last reference.
 *
 *     eventfd -> eventfd_ctx     epoll -> eventpoll     timerfd -> timerfd_ctx     inotify -> fsnotify_group
 *
 * What a world does not tell is as the system call left it.
 *
 * Source: fs/eventfd.c, fs/eventpoll.c, fs/timerfd.c, fs/signalfd.c, fs/notify/group.c.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { listInit } from '../list.ts';
import type { View } from '../view.ts';
import { clearWatches } from './epoll.ts';
import { onRelease } from './file.ts';
import { clearMarks } from './inotify.ts';

const CLOCK_MONOTONIC = 1;
/** Events that may queue up, unless /proc/sys/fs/inotify/max_queued_events says otherwise. */
const MAX_QUEUED_EVENTS = 16384;

interface Private {
  readonly struct: string;
  /** What is not 0 at first, or a 0 that is meant. */
  readonly fields: Readonly<Record<string, number>>;
  readonly lists?: readonly string[];
  /** What goes before it. */
  readonly clear?: (kernel: Kernel, object: View) => void;
}

/** By the symbol of the file's file_operations. */
const PRIVATE: Readonly<Record<string, Private>> = {
  eventfd_fops: { struct: 'eventfd_ctx', fields: { 'kref.refcount': 1, count: 0 } },
  eventpoll_fops: {
    struct: 'eventpoll',
    fields: { refcount: 1, 'rbr.rb_root.rb_node': 0, 'rbr.rb_leftmost': 0 },
    lists: ['rdllist'],
    clear: clearWatches,
  },
  timerfd_fops: {
    struct: 'timerfd_ctx',
    fields: { clockid: CLOCK_MONOTONIC, ticks: 0, tintv: 0, expired: 0 },
  },
  signalfd_fops: { struct: 'signalfd_ctx', fields: { 'sigmask.sig[0]': -1 } },
  inotify_fops: {
    struct: 'fsnotify_group',
    fields: { refcnt: 1, q_len: 0, max_events: MAX_QUEUED_EVENTS },
    lists: ['notification_list', 'marks_list'],
    clear: clearMarks,
  },
};

/** The object behind a new file; 0 when files of this kind have none here, or this kernel's BTF does not know it. */
export function newPrivate(kernel: Kernel, fops: string): Addr {
  const kind = PRIVATE[fops];
  if (!kind || !kernel.types.has(kind.struct)) return 0n;
  const made = kernel.alloc(kind.struct);
  for (const [field, value] of Object.entries(kind.fields)) made.trySet(field, value);
  for (const list of kind.lists ?? []) if (made.has(list)) listInit(kernel.mem, made.at(list));
  return made.addr;
}

/** An epoll instance knows its own file. @kernel do_epoll_create, fs/eventpoll.c @fidelity partial: it watches nothing */
export function tiePrivate(kernel: Kernel, file: View): void {
  const eventpoll = kernel.object('eventpoll_fops', 'file_operations').addr;
  if (file.ptr('f_op') !== eventpoll || file.ptr('private_data') === 0n) return;
  kernel.view('eventpoll', file.ptr('private_data')).trySet('file', file.addr);
}

/** Has the objects freed with the last reference to their files. */
export function freePrivateWithFiles(kernel: Kernel): void {
  for (const [fops, { struct, clear }] of Object.entries(PRIVATE))
    onRelease(kernel, fops, (file) => {
      const object = file.ptr('private_data');
      if (object === 0n) return;
      clear?.(kernel, kernel.view(struct, object));
      kernel.mem.release(object);
    });
}

/** What a world tells of an eventfd, timerfd or signalfd. */
export interface PrivateState {
  readonly eventfd?:
    | { readonly count: string; readonly id?: number | undefined; readonly semaphore: boolean }
    | undefined;
  /** Nanoseconds. */
  readonly timerfd?:
    | { readonly clock: number; readonly ticks: number; readonly value: number; readonly interval: number }
    | undefined;
  readonly signalfd?: string | undefined;
}

const EFD_SEMAPHORE = 1;
const HRTIMER_STATE_ENQUEUED = 1;

/** Puts what is told into the object behind a new file. @kernel do_eventfd, do_timerfd_settime, do_signalfd4, fs @fidelity partial: no timer fires, nobody waits */
export function setPrivate(kernel: Kernel, file: View, state: PrivateState): void {
  const at = (fops: string): View | null => {
    const kind = PRIVATE[fops];
    const symbol = kernel.object(fops, 'file_operations').addr;
    if (!kind || file.ptr('f_op') !== symbol || file.ptr('private_data') === 0n) return null;
    return kernel.view(kind.struct, file.ptr('private_data'));
  };
  const { eventfd, timerfd, signalfd } = state;
  const event = eventfd ? at('eventfd_fops') : null;
  if (eventfd && event) {
    event.set('count', BigInt(eventfd.count));
    event.trySet('flags', eventfd.semaphore ? EFD_SEMAPHORE : 0);
    event.trySet('id', eventfd.id ?? 0);
  }
  const timer = timerfd ? at('timerfd_fops') : null;
  if (timerfd && timer) {
    timer.set('clockid', timerfd.clock);
    timer.set('ticks', timerfd.ticks);
    timer.set('tintv', timerfd.interval);
    timer.set('expired', timerfd.ticks > 0 ? 1 : 0);
    timer.trySet('t.tmr.node.expires', timerfd.value === 0 ? 0n : kernel.now + BigInt(timerfd.value));
    timer.trySet('t.tmr.state', timerfd.value === 0 ? 0 : HRTIMER_STATE_ENQUEUED);
  }
  // The kernel keeps the signals that it does not wait for.
  if (signalfd !== undefined) at('signalfd_fops')?.set('sigmask.sig[0]', ~BigInt(signalfd));
}
