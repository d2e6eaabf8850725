/** /sys/fs/bpf as the shell sees it: pins and directories, all of them dentries of the kernel. */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { dentryChildren, dentryName, isUnlinked } from '../../kernel/objects/dentry.ts';
import type { View } from '../../kernel/view.ts';
import { makeDirectory, removeDirectory, unlink } from '../../sys/bpffs.ts';
import { namesOf, walkPath } from '../../sys/paths.ts';
import type { Sys } from '../../sys/sys.ts';
import { BOOT_TIME } from '../clock.ts';
import type { FileSystem, Node } from './node.ts';

export const BPFFS = '/sys/fs/bpf';

export class BpfFs implements FileSystem {
  readonly type = 'bpf';
  private readonly sys: Sys;

  constructor(sys: Sys) {
    this.sys = sys;
  }

  private dentry(path: string): View | null {
    return walkPath(this.sys, namesOf(`${BPFFS}/${path}`))?.dentry ?? null;
  }

  /** Opening a pin is the kernel's business: what is open is no plain file. */
  node(path: string): Node | null {
    const inode = this.dentry(path)?.deref('d_inode');
    if (!inode) return null;
    const root = path === '';
    return {
      mode: root ? inode.num('i_mode') | 0o1777 : inode.num('i_mode'),
      ino: inode.big('i_ino'),
      nlink: inode.num('i_nlink'),
      uid: inode.num('i_uid'),
      gid: inode.num('i_gid'),
      size: 0,
      mtime: BOOT_TIME,
    };
  }

  names(path: string): readonly string[] {
    const { kernel } = this.sys;
    const dir = this.dentry(path);
    if (!dir) return [];
    return [...dentryChildren(kernel, dir)]
      .filter((child) => !isUnlinked(kernel, child))
      .map((child) => dentryName(kernel, child));
  }

  create(): NegErrno {
    return fail('EPERM');
  }
  mkdir(path: string, mode: number): NegErrno {
    return makeDirectory(this.sys, `${BPFFS}/${path}`, mode);
  }
  rmdir(path: string): NegErrno {
    return removeDirectory(this.sys, `${BPFFS}/${path}`);
  }
  unlink(path: string): NegErrno {
    return unlink(this.sys, `${BPFFS}/${path}`);
  }
}
