/**
 * Inodes by number, while a world is built. A filesystem's list of inodes only grows then, at its end, so what
 * is new since the last question is what comes behind the last inode that was seen.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from './kernel.ts';
import { containerOf } from './list.ts';
import type { View } from './view.ts';

class Filesystem {
  /** The last node of sb.s_inodes that was looked at. */
  seen: Addr;
  readonly byNumber = new Map<number, View>();

  constructor(head: Addr) {
    this.seen = head;
  }

  /** The first inode with a number keeps it. */
  add(inode: View): void {
    const ino = inode.num('i_ino');
    if (this.byNumber.get(ino)?.num('i_ino') !== ino) this.byNumber.set(ino, inode);
  }
}

export class InodeIndex {
  private readonly kernel: Kernel;
  private readonly filesystems = new Map<Addr, Filesystem>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** The inode with this number, or null. */
  find(sb: View, ino: number): View | null {
    const known = this.upToDate(sb).byNumber.get(ino);
    return known?.num('i_ino') === ino ? known : null;
  }

  /** The inode has another number than before. */
  renumbered(inode: View): void {
    this.filesystems.get(inode.ptr('i_sb'))?.add(inode);
  }

  private upToDate(sb: View): Filesystem {
    const head = sb.at('s_inodes');
    let fs = this.filesystems.get(sb.addr);
    if (!fs) this.filesystems.set(sb.addr, (fs = new Filesystem(head)));
    const { mem } = this.kernel;
    for (let node = mem.u64(fs.seen); node !== head; node = mem.u64(node)) {
      fs.add(containerOf(this.kernel, node, 'inode', 'i_sb_list'));
      fs.seen = node;
    }
    return fs;
  }
}
