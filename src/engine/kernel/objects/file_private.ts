/**
 * What file.private_data leads to, for files that are nothing but a kernel object with an fd: made when they
 * are opened, freed with their last reference.
 *
 *     eventfd -> eventfd_ctx     epoll -> eventpoll     timerfd -> timerfd_ctx     inotify -> fsnotify_group
 *
 * A world does not tell what was done with such a file, so each is as its system call left it.
 *
 * Source: fs/eventfd.c, fs/eventpoll.c, fs/timerfd.c, fs/signalfd.c, fs/notify/group.c.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { listInit } from '../list.ts';
import type { View } from '../view.ts';
import { onRelease } from './file.ts';

const CLOCK_MONOTONIC = 1;
/** Events that may queue up, unless /proc/sys/fs/inotify/max_queued_events says otherwise. */
const MAX_QUEUED_EVENTS = 16384;

interface Private {
  readonly struct: string;
  /** What is not 0 at first, or a 0 that is meant. */
  readonly fields: Readonly<Record<string, number>>;
  readonly lists?: readonly string[];
}

/** By the symbol of the file's file_operations. */
const PRIVATE: Readonly<Record<string, Private>> = {
  eventfd_fops: { struct: 'eventfd_ctx', fields: { 'kref.refcount': 1, count: 0 } },
  eventpoll_fops: { struct: 'eventpoll', fields: { refcount: 1 }, lists: ['rdllist'] },
  timerfd_fops: {
    struct: 'timerfd_ctx',
    fields: { clockid: CLOCK_MONOTONIC, ticks: 0, tintv: 0, expired: 0 },
  },
  signalfd_fops: { struct: 'signalfd_ctx', fields: {} },
  inotify_fops: {
    struct: 'fsnotify_group',
    fields: { refcnt: 1, q_len: 0, max_events: MAX_QUEUED_EVENTS },
    lists: ['notification_list'],
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
  for (const fops of Object.keys(PRIVATE))
    onRelease(kernel, fops, (file) => {
      if (file.ptr('private_data') !== 0n) kernel.mem.release(file.ptr('private_data'));
    });
}
