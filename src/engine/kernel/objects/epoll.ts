/**
 * epoll: which files an instance watches, and who watches a file.
 *
 *     file.private_data -> eventpoll.rbr -> epitem { ffd { file, fd }, event, ep }      by file, then fd
 *     watched file.f_ep -> epitem.fllink -> ...
 *
 * Source: fs/eventpoll.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, hlistAddHead, hlistDel, hlistNodes, listInit } from '../list.ts';
import { rbBuild, rbNodes } from '../rbtree.ts';
import type { View } from '../view.ts';

const known = (kernel: Kernel): boolean => kernel.types.has('epitem');

/** What an instance watches, in the order of its tree. */
export function watched(kernel: Kernel, ep: View): View[] {
  if (!known(kernel)) return [];
  return [...rbNodes(kernel.mem, ep.at('rbr.rb_root'))].map((node) =>
    containerOf(kernel, node, 'epitem', 'rbn'),
  );
}

function setWatched(kernel: Kernel, ep: View, items: readonly View[]): void {
  const nodes = items.map((item) => item.at('rbn'));
  rbBuild(kernel.mem, ep.at('rbr.rb_root'), nodes);
  ep.set('rbr.rb_leftmost', nodes[0] ?? 0n);
}

const compare = (a: View, b: View): number => {
  const [x, y] = [a.ptr('ffd.file'), b.ptr('ffd.file')];
  return x === y ? a.num('ffd.fd') - b.num('ffd.fd') : x < y ? -1 : 1;
};

/** What epoll_ctl(2) is given. */
export interface EpollWatch {
  readonly fd: number;
  /** EPOLLIN and its like. */
  readonly events: number;
  readonly data: bigint;
}

/**
 * Has an instance watch a file. The file is not held: when it goes, so does the watch.
 *
 * @kernel ep_insert, fs/eventpoll.c
 * @fidelity partial: nothing is ready, nobody is woken
 */
export function watchFile(kernel: Kernel, ep: View, file: View, { fd, events, data }: EpollWatch): void {
  if (!known(kernel)) return;
  const item = kernel.alloc('epitem');
  item.set('ffd.file', file.addr);
  item.set('ffd.fd', fd);
  item.set('ep', ep.addr);
  item.set('event.events', events);
  item.set('event.data', data);
  listInit(kernel.mem, item.at('rdllink'));
  if (file.ptr('f_ep') === 0n) file.set('f_ep', kernel.alloc('hlist_head').addr);
  hlistAddHead(kernel.mem, item.at('fllink'), file.ptr('f_ep'));
  setWatched(kernel, ep, [...watched(kernel, ep), item].sort(compare));
  ep.set('refcount', ep.num('refcount') + 1);
}

function drop(kernel: Kernel, item: View): void {
  hlistDel(kernel.mem, item.at('fllink'));
  const file = kernel.view('file', item.ptr('ffd.file'));
  const watchers: Addr = file.ptr('f_ep');
  if (watchers !== 0n && kernel.mem.u64(watchers) === 0n) {
    kernel.mem.release(watchers);
    file.set('f_ep', 0n);
  }
  kernel.mem.release(item.addr);
}

/** A file goes: nobody watches it any more. @kernel eventpoll_release_file, fs/eventpoll.c @fidelity full: app/kernel_fields.test.ts */
export function unwatchFile(kernel: Kernel, file: View): void {
  const watchers = file.has('f_ep') ? file.ptr('f_ep') : 0n;
  if (watchers === 0n || !known(kernel)) return;
  const items = [...hlistNodes(kernel.mem, watchers)].map((node) =>
    containerOf(kernel, node, 'epitem', 'fllink'),
  );
  for (const item of items) {
    const ep = kernel.view('eventpoll', item.ptr('ep'));
    setWatched(
      kernel,
      ep,
      watched(kernel, ep).filter(({ addr }) => addr !== item.addr),
    );
    ep.set('refcount', ep.num('refcount') - 1);
    drop(kernel, item);
  }
}

/** An instance goes: it watches nothing any more. @kernel ep_clear_and_put, fs/eventpoll.c @fidelity full: app/kernel_fields.test.ts */
export function clearWatches(kernel: Kernel, ep: View): void {
  for (const item of watched(kernel, ep)) drop(kernel, item);
}
