/**
 * super_block and inode: a filesystem, and what its names stand for.
 *
 *     super_blocks <-> sb <-> sb ...        sb.s_inodes <-> inode.i_sb_list <-> ...
 *
 * Source: fs/super.c, fs/inode.c, include/linux/fs.h.
 */
import type { Kernel } from '../kernel.ts';
import { containerOf, listAddTail, listDel, listInit, listNodes } from '../list.ts';
import { putPid } from './pid.ts';
import { putRef } from './refs.ts';
import { BOOT_TIME } from './timer.ts';
import type { View } from '../view.ts';

interface FsType {
  /** Symbol of its file_system_type. */
  readonly symbol: string;
  /** s_magic, as statfs(2) tells it. */
  readonly magic: number;
}

const FS_TYPES: Readonly<Record<string, FsType>> = {
  anon_inodefs: { symbol: 'anon_inode_fs_type', magic: 0x0904_1934 },
  bpf: { symbol: 'bpf_fs_type', magic: 0xcafe_4a11 },
  btrfs: { symbol: 'btrfs_fs_type', magic: 0x9123_683e },
  cgroup2: { symbol: 'cgroup2_fs_type', magic: 0x6367_7270 },
  debugfs: { symbol: 'debug_fs_type', magic: 0x6462_6720 },
  devpts: { symbol: 'devpts_fs_type', magic: 0x1cd1 },
  devtmpfs: { symbol: 'dev_fs_type', magic: 0x0102_1994 },
  ext4: { symbol: 'ext4_fs_type', magic: 0xef53 },
  mqueue: { symbol: 'mqueue_fs_type', magic: 0x1980_0202 },
  nsfs: { symbol: 'nsfs', magic: 0x6e73_6673 },
  overlay: { symbol: 'ovl_fs_type', magic: 0x794c_7630 },
  pidfs: { symbol: 'pidfs_type', magic: 0x5049_4446 },
  pipefs: { symbol: 'pipe_fs_type', magic: 0x5049_5045 },
  proc: { symbol: 'proc_fs_type', magic: 0x9fa0 },
  rootfs: { symbol: 'rootfs_fs_type', magic: 0x0102_1994 },
  securityfs: { symbol: 'fs_type', magic: 0x7363_6673 },
  sockfs: { symbol: 'sock_fs_type', magic: 0x534f_434b },
  sysfs: { symbol: 'sysfs_fs_type', magic: 0x6265_6572 },
  tmpfs: { symbol: 'shmem_fs_type', magic: 0x0102_1994 },
  tracefs: { symbol: 'trace_fs_type', magic: 0x7472_6163 },
  xfs: { symbol: 'xfs_fs_type', magic: 0x5846_5342 },
};

/** Filesystems whose struct has a symbol we know; any other name gets a type of its own. */
export const KNOWN_FS_SYMBOLS: readonly string[] = Object.values(FS_TYPES).map((type) => type.symbol);

const MINOR_BITS = 20;
/** dev_t as the kernel holds it. @kernel MKDEV, include/linux/kdev_t.h @fidelity full: task.test.ts */
export const mkdev = (major: number, minor: number): number => major * 2 ** MINOR_BITS + minor;
export const major = (dev: number): number => Math.floor(dev / 2 ** MINOR_BITS);
export const minor = (dev: number): number => dev % 2 ** MINOR_BITS;

function fsType(kernel: Kernel, name: string): View {
  const symbol = FS_TYPES[name]?.symbol ?? `${name}_fs_type`;
  const fresh = !kernel.hasObject(symbol);
  const type = kernel.object(symbol, 'file_system_type');
  if (fresh) type.set('name', kernel.allocText(name));
  return type;
}

/** Head of the list of all super_blocks. */
function superBlocks(kernel: Kernel): View {
  const fresh = !kernel.hasObject('super_blocks');
  const head = kernel.object('super_blocks', 'list_head');
  if (fresh) listInit(kernel.mem, head.addr);
  return head;
}

/** super_block.s_flags */
const SB_BORN = 1 << 29;
const SB_ACTIVE = 1 << 30;
const MAX_LFS_FILESIZE = 0x7fff_ffff_ffff_ffffn;
/** Of 512 bytes, in a block. */
const SECTORS = 8;

/** A mounted filesystem without a root yet. @kernel alloc_super, fs/super.c @fidelity partial: identity, root and inode list */
export function newSuper(kernel: Kernel, fstype: string, dev: number): View {
  const sb = kernel.alloc('super_block');
  sb.set('s_dev', dev);
  sb.set('s_type', fsType(kernel, fstype).addr);
  sb.set('s_magic', FS_TYPES[fstype]?.magic ?? 0);
  sb.set('s_blocksize', 4096);
  sb.set('s_blocksize_bits', 12);
  sb.trySet('s_count', 1);
  sb.trySet('s_active', 1);
  sb.trySet('s_flags', SB_ACTIVE | SB_BORN);
  sb.trySet('s_maxbytes', MAX_LFS_FILESIZE);
  sb.trySet('s_user_ns', kernel.object('init_user_ns', 'user_namespace').addr);
  sb.setStr('s_id', fstype);
  for (const head of ['s_list', 's_mounts', 's_inodes']) listInit(kernel.mem, sb.at(head));
  listAddTail(kernel.mem, sb.at('s_list'), superBlocks(kernel).addr);
  return sb;
}

/** Every filesystem, in the order they were made. */
export function* supers(kernel: Kernel): Generator<View> {
  for (const node of listNodes(kernel.mem, superBlocks(kernel).addr))
    yield containerOf(kernel, node, 'super_block', 's_list');
}

export function superByType(kernel: Kernel, fstype: string): View | null {
  for (const sb of supers(kernel)) if (superTypeName(kernel, sb) === fstype) return sb;
  return null;
}

export const superTypeName = (kernel: Kernel, sb: View): string => {
  const name = sb.deref('s_type')?.ptr('name') ?? 0n;
  return name === 0n ? '' : kernel.mem.text(name, 64);
};

export interface InodeSpec {
  readonly ino: number;
  /** Type and permission bits, as st_mode. */
  readonly mode: number;
  readonly nlink: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  /** dev_t of a device node. */
  readonly rdev: number;
  /** Symbol of the file_operations that open uses; '' when not known. */
  readonly fops: string;
}

/** When something last happened to an inode: seconds since 1970, with a fraction. */
export interface InodeTimes {
  readonly accessed?: number | undefined;
  readonly modified?: number | undefined;
  readonly changed?: number | undefined;
}

/** @kernel inode_set_ctime, include/linux/fs.h @fidelity full: app/kernel_fields.test.ts */
export function setTimes(inode: View, { accessed, modified, changed }: InodeTimes): void {
  for (const [letter, time] of [
    ['a', accessed],
    ['m', modified],
    ['c', changed],
  ] as const) {
    if (time === undefined) continue;
    const seconds = Math.floor(time);
    inode.trySet(`i_${letter}time_sec`, seconds);
    inode.trySet(`i_${letter}time_nsec`, Math.round((time - seconds) * 1e9));
  }
}

/** An inode that no name holds yet. @kernel new_inode, fs/inode.c @fidelity partial: no page cache, no locks */
export function newInode(kernel: Kernel, sb: View, spec: InodeSpec, at?: View): View {
  const inode = at ?? kernel.alloc('inode');
  inode.set('i_ino', spec.ino);
  inode.set('i_mode', spec.mode);
  inode.set('i_sb', sb.addr);
  inode.set('i_nlink', spec.nlink);
  inode.set('i_size', spec.size);
  inode.set('i_uid', spec.uid);
  inode.set('i_gid', spec.gid);
  inode.set('i_rdev', spec.rdev);
  inode.trySet('i_blkbits', 12);
  inode.trySet('i_blocks', Math.ceil(spec.size / 4096) * SECTORS);
  for (const zero of ['i_flags', 'i_state', 'i_generation', 'i_fsnotify_mask']) inode.trySet(zero, 0);
  const now = BOOT_TIME + Math.floor(Number(kernel.now) / 1e9);
  setTimes(inode, { accessed: now, modified: now, changed: now });
  if (spec.fops !== '') inode.set('i_fop', kernel.object(spec.fops, 'file_operations').addr);
  if (inode.has('i_mapping') && inode.has('i_data')) {
    inode.set('i_mapping', inode.at('i_data'));
    inode.trySet('i_data.host', inode.addr);
  }
  listAddTail(kernel.mem, inode.at('i_sb_list'), sb.at('s_inodes'));
  return inode;
}

/** root's directory, which everybody may read. @kernel simple_fill_super, fs/libfs.c @fidelity full: changes.test.ts */
export const newDirectory = (kernel: Kernel, sb: View, ino: number, fops = ''): View =>
  newInode(kernel, sb, { ino, mode: 0o40755, nlink: 2, size: 0, uid: 0, gid: 0, rdev: 0, fops });

/** The inode with this number, or null. @kernel ilookup, fs/inode.c @fidelity full: changes.test.ts */
export function findInode(kernel: Kernel, sb: View, ino: number): View | null {
  for (const node of listNodes(kernel.mem, sb.at('s_inodes'))) {
    const inode = containerOf(kernel, node, 'inode', 'i_sb_list');
    if (inode.num('i_ino') === ino) return inode;
  }
  return null;
}

/** @kernel inode_sb_list_del, fs/inode.c @fidelity full: task.test.ts */
export const forgetInode = (kernel: Kernel, inode: View): void => listDel(kernel.mem, inode.at('i_sb_list'));

/** What goes with the last reference of an inode, where that is more than the inode. */
const EVICT: Readonly<Record<string, (kernel: Kernel, inode: View) => void>> = {
  sockfs: (kernel, inode) =>
    kernel.mem.release(containerOf(kernel, inode.addr, 'socket_alloc', 'vfs_inode').addr),
  pidfs: (kernel, inode) => {
    const pid = inode.ptr('i_private');
    if (pid !== 0n) putPid(kernel, kernel.view('pid', pid));
    kernel.mem.release(inode.addr);
  },
};

/** Drops a reference; the last one frees the inode. @kernel iput, fs/inode.c @fidelity full: task.test.ts */
export function iput(kernel: Kernel, inode: View): void {
  if (!putRef(inode, 'i_count')) return;
  const sb = kernel.view('super_block', inode.ptr('i_sb'));
  forgetInode(kernel, inode);
  const evict = EVICT[superTypeName(kernel, sb)];
  if (evict) evict(kernel, inode);
  else kernel.mem.release(inode.addr);
}
