/**
 * What stands behind a path: which filesystem, which file_operations, which f_mode bits.
 *
 * One table, first match wins. It is what open(2) and its siblings would have decided: a world only gives
 * the text of the link in /proc/PID/fd.
 *
 * Source: the open functions of fs/, ipc/, net/ and drivers/char/; f_mode as observed on 6.12.
 */
import { mkdev } from './objects/inode.ts';
import type { InternalFs } from './objects/internal_mounts.ts';

export const S_IFMT = 0o170000;
export const S_IF = {
  SOCK: 0o140000,
  REG: 0o100000,
  BLK: 0o60000,
  DIR: 0o40000,
  CHR: 0o20000,
  FIFO: 0o10000,
} as const;
export const O_PATH = 0o10000000;

/** f_mode: what every opening gets, and what reading and writing add. */
interface ModeBits {
  readonly base: number;
  readonly read: number;
  readonly write: number;
}

export interface FileKind {
  readonly fops: string;
  readonly bits: ModeBits;
  /** Where it lives, when that is not a place in the tree. */
  readonly internal: InternalFs | null;
  /** Name of its dentry, when that is not the last part of the path. */
  readonly dname: string | null;
  /** st_mode when the world does not tell. */
  readonly mode: number;
}

const RW = { read: 0x20001, write: 0x40002 };
/** Reading and writing without file_operations for it. */
const NO_WRITE_OP = { read: 0x20001, write: 0x2 };
const NO_OPS = { read: 0x1, write: 0x2 };
const STREAM: ModeBits = { base: 0x8280000, ...RW };
const REGULAR: ModeBits = { base: 0x448801c, read: 0x20001, write: 0x150002 };
const VIRTUAL: ModeBits = { base: 0x408800c, ...RW };
const CHARDEV: ModeBits = { base: 0xc08001c, ...RW };
const TTY: ModeBits = { base: 0x4080000, ...RW };
const DIRECTORY: ModeBits = { base: 0x408801c, ...RW };
const FIFO: ModeBits = { base: 0x4280000, ...RW };

type Rule = readonly [pattern: RegExp, fops: string, bits: ModeBits, mode: number];

/** Files outside the tree. The first group of a pattern, if it has one, names the dentry. */
const INTERNAL: readonly (readonly [InternalFs, ...Rule])[] = [
  ['pipefs', /^pipe:\[\d+\]$/, 'pipefifo_fops', STREAM, S_IF.FIFO | 0o600],
  ['sockfs', /^socket:\[\d+\]$/, 'socket_file_ops', STREAM, S_IF.SOCK | 0o777],
  [
    'pidfs',
    /^anon_inode:\[pidfd\]$/,
    'pidfs_file_operations',
    { base: 0x4088018, read: 1, write: 0x10002 },
    S_IF.REG | 0o700,
  ],
  ['nsfs', /^(?:[a-z_]+):\[\d+\]$/, 'ns_file_operations', { base: 0x4088018, ...NO_OPS }, S_IF.REG | 0o444],
  [
    'shm',
    /^\/(memfd:.*|dev\/zero|SYSV[0-9a-f]{8}) \(deleted\)$/s,
    'shmem_file_operations',
    { base: 0x8001c, ...RW },
    S_IF.REG | 0o777,
  ],
  ['dmabuf', /^\/(dmabuf):/, 'dma_buf_fops', { base: 0x8000c, ...RW }, S_IF.REG | 0o666],
  ['anon_inodefs', /^anon_inode:(\[eventfd\])$/, 'eventfd_fops', { base: 0x8080004, ...RW }, 0o600],
  ['anon_inodefs', /^anon_inode:(\[eventpoll\])$/, 'eventpoll_fops', { base: 0x80004, ...NO_OPS }, 0o600],
  ['anon_inodefs', /^anon_inode:(\[timerfd\])$/, 'timerfd_fops', { base: 0x8080004, ...NO_WRITE_OP }, 0o600],
  [
    'anon_inodefs',
    /^anon_inode:(\[signalfd\])$/,
    'signalfd_fops',
    { base: 0x8080004, ...NO_WRITE_OP },
    0o600,
  ],
  ['anon_inodefs', /^anon_inode:(inotify)$/, 'inotify_fops', { base: 0x80004, ...NO_WRITE_OP }, 0o600],
  ['anon_inodefs', /^anon_inode:(\[fanotify\])$/, 'fanotify_fops', { base: 0x80000, ...RW }, 0o600],
  ['anon_inodefs', /^anon_inode:(\[perf_event\])$/, 'perf_fops', { base: 0x80000, ...NO_WRITE_OP }, 0o600],
  [
    'anon_inodefs',
    /^anon_inode:(\[userfaultfd\])$/,
    'userfaultfd_fops',
    { base: 0x80000, ...NO_WRITE_OP },
    0o600,
  ],
  ['anon_inodefs', /^anon_inode:(\[io_uring\])$/, 'io_uring_fops', { base: 0x80004, ...NO_OPS }, 0o600],
  ['anon_inodefs', /^anon_inode:(bpf-map)$/, 'bpf_map_fops', { base: 0x80004, ...RW }, 0o600],
  ['anon_inodefs', /^anon_inode:(bpf-prog)$/, 'bpf_prog_fops', { base: 0x80004, ...RW }, 0o600],
  ['anon_inodefs', /^anon_inode:(bpf_link)$/, 'bpf_link_fops', { base: 0x80004, ...RW }, 0o600],
  ['anon_inodefs', /^anon_inode:(bpf_iter)$/, 'bpf_iter_fops', { base: 0x80000, ...NO_WRITE_OP }, 0o600],
  ['anon_inodefs', /^anon_inode:(btf)$/, 'btf_fops', { base: 0x80004, ...NO_OPS }, 0o600],
];

const DEVICES: readonly Rule[] = [
  [/^\/dev\/null$/, 'null_fops', CHARDEV, mkdev(1, 3)],
  [/^\/dev\/zero$/, 'zero_fops', CHARDEV, mkdev(1, 5)],
  [/^\/dev\/full$/, 'full_fops', CHARDEV, mkdev(1, 7)],
  [/^\/dev\/random$/, 'random_fops', CHARDEV, mkdev(1, 8)],
  [/^\/dev\/urandom$/, 'urandom_fops', CHARDEV, mkdev(1, 9)],
  [/^\/dev\/kmsg$/, 'kmsg_fops', CHARDEV, mkdev(1, 11)],
  [/^\/dev\/console$/, 'console_fops', TTY, mkdev(5, 1)],
  [/^\/dev\/ptmx$/, 'ptmx_fops', TTY, mkdev(5, 2)],
  [/^\/dev\/tty[A-Za-z0-9]*$/, 'tty_fops', TTY, mkdev(5, 0)],
  [/^\/dev\/pts\/\d+$/, 'tty_fops', TTY, mkdev(136, 0)],
];

/** Directories and regular files by filesystem. */
const BY_FSTYPE: Readonly<
  Record<string, { readonly dir: string; readonly reg: string; readonly bits: ModeBits }>
> = {
  bpf: { dir: 'bpffs_dir_fops', reg: 'bpffs_obj_fops', bits: VIRTUAL },
  btrfs: { dir: 'btrfs_dir_file_operations', reg: 'btrfs_file_operations', bits: REGULAR },
  cgroup2: { dir: 'kernfs_dir_fops', reg: 'kernfs_file_fops', bits: VIRTUAL },
  debugfs: { dir: 'simple_dir_operations', reg: 'debugfs_full_proxy_file_operations', bits: VIRTUAL },
  devtmpfs: { dir: 'simple_offset_dir_operations', reg: 'shmem_file_operations', bits: REGULAR },
  ext4: { dir: 'ext4_dir_operations', reg: 'ext4_file_operations', bits: REGULAR },
  overlay: { dir: 'ovl_dir_operations', reg: 'ovl_file_operations', bits: REGULAR },
  proc: { dir: 'proc_root_operations', reg: 'proc_reg_file_ops', bits: VIRTUAL },
  rootfs: { dir: 'simple_offset_dir_operations', reg: 'shmem_file_operations', bits: REGULAR },
  sysfs: { dir: 'kernfs_dir_fops', reg: 'kernfs_file_fops', bits: VIRTUAL },
  tmpfs: { dir: 'simple_offset_dir_operations', reg: 'shmem_file_operations', bits: REGULAR },
  xfs: { dir: 'xfs_dir_file_operations', reg: 'xfs_file_operations', bits: REGULAR },
};
const OTHER_FS = { dir: 'simple_dir_operations', reg: 'def_file_operations', bits: REGULAR };
/** Files of /proc/PID that one function prints. */
const PROC_SINGLE =
  /^\/proc\/\d+\/(?:task\/\d+\/)?(?:status|stat|statm|io|limits|personality|syscall|wchan|stack)$/;

/** Symbols of all file_operations this table can choose. */
export const KNOWN_FOPS: readonly string[] = [
  ...new Set([
    ...INTERNAL.map(([, , fops]) => fops),
    ...DEVICES.map(([, fops]) => fops),
    ...Object.values(BY_FSTYPE).flatMap(({ dir, reg }) => [dir, reg]),
    'def_chr_fops',
    'def_blk_fops',
    'proc_single_file_operations',
    'empty_fops',
  ]),
];

const internalKind = (path: string): FileKind | null => {
  for (const [internal, pattern, fops, bits, mode] of INTERNAL) {
    const match = pattern.exec(path);
    if (match) return { internal, fops, bits, mode, dname: match[1] ?? null };
  }
  return null;
};

/** The device number of a well-known node in /dev; 0 for any other path. */
export const deviceOf = (path: string): number => DEVICES.find(([pattern]) => pattern.test(path))?.[3] ?? 0;

const inTree = (fops: string, bits: ModeBits, mode: number): FileKind => ({
  fops,
  bits,
  mode,
  internal: null,
  dname: null,
});

/**
 * @param path text of the link in /proc/PID/fd, ` (deleted)` included
 * @param mode st_mode, or null when it is not known
 * @param fstype of the mount the path is on
 */
export function fileKind(path: string, mode: number | null, fstype: string): FileKind {
  const internal = internalKind(path);
  if (internal) return internal;
  const device = DEVICES.find(([pattern]) => pattern.test(path));
  const type = (mode ?? (device ? S_IF.CHR : path.endsWith('/') ? S_IF.DIR : S_IF.REG)) & S_IFMT;
  const fs = BY_FSTYPE[fstype] ?? OTHER_FS;
  switch (type) {
    case S_IF.CHR:
      return inTree(device?.[1] ?? 'def_chr_fops', device?.[2] ?? CHARDEV, S_IF.CHR | 0o666);
    case S_IF.BLK:
      return inTree('def_blk_fops', REGULAR, S_IF.BLK | 0o660);
    case S_IF.FIFO:
      return inTree('pipefifo_fops', FIFO, S_IF.FIFO | 0o644);
    case S_IF.DIR:
      return inTree(fs.dir, DIRECTORY, S_IF.DIR | 0o755);
    default:
      if (fstype === 'proc' && PROC_SINGLE.test(path))
        return inTree('proc_single_file_operations', VIRTUAL, S_IF.REG | 0o444);
      return inTree(fs.reg, fs.bits, S_IF.REG | 0o644);
  }
}

/** A write position that O_APPEND takes away: such files do not get this f_mode bit. */
export const APPEND = { flag: 0o2000, mode: 0x100000 } as const;

/** What O_PATH gives, whatever the file is. */
export const PATH_ONLY = { fops: 'empty_fops', mode: 0x2084000 } as const;
