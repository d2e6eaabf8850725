/**
 * Filesystems that the kernel mounts for itself: pipes, sockets, anonymous inodes, namespaces, pidfds, memfds,
 * DMA buffers.
 *
 * A static pointer of the image (pipe_mnt, sock_mnt, ...) holds the vfsmount. Files on them have names that
 * no lookup finds; d_path asks the dentry's operations for text instead.
 *
 * Source: fs/pipe.c, net/socket.c, fs/anon_inodes.c, fs/nsfs.c, fs/pidfs.c, mm/shmem.c.
 */
import { must } from '../../../shared/assert.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { newDentry, newMount, realMount } from './dentry.ts';
import type { Path } from './dentry.ts';
import { mkdev, newDirectory, newInode, newSuper } from './inode.ts';

export type InternalFs = 'pipefs' | 'sockfs' | 'anon_inodefs' | 'nsfs' | 'pidfs' | 'shm' | 'dmabuf';

interface Internal {
  readonly fstype: string;
  /** The static pointer to its vfsmount. */
  readonly pointer: string;
  /** dentry_operations of its names, and their d_dname. */
  readonly ops: string;
  readonly dname: string;
  /** As an ordinary 6.12 boot hands them out. */
  readonly minor: number;
  readonly mountId: number;
}

export const INTERNAL_FS: Readonly<Record<InternalFs, Internal>> = {
  shm: { fstype: 'tmpfs', pointer: 'shm_mnt', ops: 'anon_ops', dname: 'simple_dname', minor: 1, mountId: 0 },
  nsfs: {
    fstype: 'nsfs',
    pointer: 'nsfs_mnt',
    ops: 'ns_dentry_operations',
    dname: 'ns_dname',
    minor: 4,
    mountId: 3,
  },
  pidfs: {
    fstype: 'pidfs',
    pointer: 'pidfs_mnt',
    ops: 'pidfs_dentry_operations',
    dname: 'pidfs_dname',
    minor: 5,
    mountId: 4,
  },
  sockfs: {
    fstype: 'sockfs',
    pointer: 'sock_mnt',
    ops: 'sockfs_dentry_operations',
    dname: 'sockfs_dname',
    minor: 9,
    mountId: 10,
  },
  pipefs: {
    fstype: 'pipefs',
    pointer: 'pipe_mnt',
    ops: 'pipefs_dentry_operations',
    dname: 'pipefs_dname',
    minor: 15,
    mountId: 16,
  },
  anon_inodefs: {
    fstype: 'anon_inodefs',
    pointer: 'anon_inode_mnt',
    ops: 'anon_inodefs_dentry_operations',
    dname: 'anon_inodefs_dname',
    minor: 16,
    mountId: 17,
  },
  dmabuf: {
    fstype: 'dmabuf',
    pointer: 'dma_buf_mnt',
    ops: 'dma_buf_dentry_ops',
    dname: 'dmabuffs_dname',
    minor: 12,
    mountId: 13,
  },
};

/** Where a world's kernel differs from the usual numbers. */
export interface InternalNumbers {
  readonly dev?: number;
  readonly mountId?: number;
}

/** The mount of an internal filesystem; the first call makes it. @kernel kern_mount, fs/namespace.c @fidelity full: task.test.ts */
export function internalMount(kernel: Kernel, fs: InternalFs, numbers: InternalNumbers = {}): View {
  const spec = INTERNAL_FS[fs];
  const at = kernel.pointer(spec.pointer);
  const known = kernel.mem.u64(at);
  if (known !== 0n) return realMount(kernel, known);
  const sb = newSuper(kernel, spec.fstype, numbers.dev ?? mkdev(0, spec.minor));
  const inode = newDirectory(kernel, sb, 1);
  const root = newDentry(kernel, {
    name: fs === 'anon_inodefs' ? 'anon_inode:' : `${spec.fstype}:`,
    parent: null,
    sb,
    inode,
  });
  sb.set('s_root', root.addr);
  const mount = newMount(kernel, {
    id: numbers.mountId ?? spec.mountId,
    sb,
    root,
    at: null,
    ns: null,
    device: spec.fstype,
  });
  kernel.mem.setU64(at, mount.at('mnt'));
  return mount;
}

/** The dentry_operations by which names of this filesystem print. */
export function dnameOps(kernel: Kernel, fs: InternalFs): View {
  const { ops, dname } = INTERNAL_FS[fs];
  const view = kernel.object(ops, 'dentry_operations');
  view.trySet('d_dname', kernel.symbols.find(dname)?.addr ?? 0n);
  return view;
}

/** A name on an internal filesystem, outside every directory. @kernel d_alloc_pseudo, fs/dcache.c @fidelity full: task.test.ts */
export function pseudoPath(kernel: Kernel, fs: InternalFs, name: string, inode: View): Path {
  dnameOps(kernel, fs);
  const mnt = internalMount(kernel, fs);
  const sb = must(mnt.deref('mnt.mnt_sb'), 'super_block of an internal mount');
  return { mnt, dentry: newDentry(kernel, { name, parent: null, sb, inode, ops: INTERNAL_FS[fs].ops }) };
}

/** The one inode that all anonymous files share. @kernel anon_inode_init, fs/anon_inodes.c @fidelity full: task.test.ts */
export function anonInode(kernel: Kernel, ino: number): View {
  const at = kernel.pointer('anon_inode_inode');
  const known = kernel.mem.u64(at);
  if (known !== 0n) return kernel.view('inode', known);
  const sb = must(internalMount(kernel, 'anon_inodefs').deref('mnt.mnt_sb'), 'anon_inodefs');
  const inode = newInode(kernel, sb, {
    ino,
    mode: 0o600,
    nlink: 1,
    size: 0,
    uid: 0,
    gid: 0,
    rdev: 0,
    fops: '',
  });
  inode.set('i_count', 1);
  kernel.mem.setU64(at, inode.addr);
  return inode;
}
