/**
 * inotify: marks on inodes, each listed by its group and by its inode.
 *
 *     file.private_data -> fsnotify_group.marks_list <-> mark.g_list
 *     inode.i_fsnotify_marks -> connector.list -> mark.obj_list
 *
 * Source: fs/notify/mark.c, fs/notify/inotify/inotify_user.c, Linux 6.12.
 */
import type { Kernel } from '../kernel.ts';
import { containerOf, hlistAddHead, hlistDel, hlistNodes, listAddTail, listDel, listNodes } from '../list.ts';
import type { View } from '../view.ts';
import { iput } from './inode.ts';
import { getRef } from './refs.ts';

const MARK = 'fsn_mark';

/**
 * Watches an inode, and holds it.
 *
 * @param mask IN_*
 * @kernel inotify_new_watch, fs/notify/inotify/inotify_user.c
 * @fidelity partial: no events, limits, or numbers handed out
 */
export function watchInode(kernel: Kernel, group: View, inode: View, wd: number, mask: number): void {
  if (!kernel.types.has('inotify_inode_mark')) return;
  const mark = kernel.alloc('inotify_inode_mark');
  mark.set('wd', wd);
  mark.set(`${MARK}.mask`, mask);
  mark.set(`${MARK}.refcnt`, 1);
  mark.set(`${MARK}.group`, getRef(group, 'refcnt').addr);
  listAddTail(kernel.mem, mark.at(`${MARK}.g_list`), group.at('marks_list'));
  let connector = inode.deref('i_fsnotify_marks');
  if (!connector) {
    connector = kernel.alloc('fsnotify_mark_connector');
    connector.set('obj', inode.addr);
    inode.set('i_fsnotify_marks', connector.addr);
  }
  mark.set(`${MARK}.connector`, connector.addr);
  hlistAddHead(kernel.mem, mark.at(`${MARK}.obj_list`), connector.at('list'));
  inode.set('i_fsnotify_mask', inode.num('i_fsnotify_mask') | mask);
  getRef(inode, 'i_count');
}

/** How many marks hold an inode. */
export function marksOn(kernel: Kernel, inode: View): number {
  const connector = inode.has('i_fsnotify_marks') ? inode.deref('i_fsnotify_marks') : null;
  return connector ? [...hlistNodes(kernel.mem, connector.at('list'))].length : 0;
}

/** A group goes with all its marks. @kernel fsnotify_clear_marks_by_group, fs/notify/mark.c @fidelity full: app/kernel_fields.test.ts */
export function clearMarks(kernel: Kernel, group: View): void {
  if (!group.has('marks_list')) return;
  const marks = [...listNodes(kernel.mem, group.at('marks_list'))];
  for (const node of marks) {
    const mark = containerOf(kernel, node, 'inotify_inode_mark', `${MARK}.g_list`);
    const connector = kernel.view('fsnotify_mark_connector', mark.ptr(`${MARK}.connector`));
    const inode = kernel.view('inode', connector.ptr('obj'));
    listDel(kernel.mem, node);
    hlistDel(kernel.mem, mark.at(`${MARK}.obj_list`));
    group.set('refcnt', group.num('refcnt') - 1);
    let mask = 0;
    for (const other of hlistNodes(kernel.mem, connector.at('list')))
      mask |= containerOf(kernel, other, 'fsnotify_mark', 'obj_list').num('mask');
    inode.set('i_fsnotify_mask', mask >>> 0);
    if (kernel.mem.u64(connector.at('list')) === 0n) {
      inode.set('i_fsnotify_marks', 0n);
      kernel.mem.release(connector.addr);
    }
    kernel.mem.release(mark.addr);
    iput(kernel, inode);
  }
}
