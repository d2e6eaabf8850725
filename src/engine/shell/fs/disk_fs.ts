/**
 * The root filesystem: the world's names, the user's own folder at the shell's working directory, and over
 * both what the session has written. Nothing leaves memory.
 *
 *     lookup:   written or removed in this session  ->  the user's folder  ->  programs  ->  the world's dentries
 *
 * Of files of the world only names, sizes and owners are known: they read as empty.
 */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { dentryChildren, dentryName, isUnlinked } from '../../kernel/objects/dentry.ts';
import { namesOf, walkPath } from '../../sys/paths.ts';
import type { Sys } from '../../sys/sys.ts';
import { BOOT_TIME, wallClock } from '../clock.ts';
import type { OutsideFiles } from '../host.ts';
import { OpenFile, SinkFile } from '../open_file.ts';
import { done, failed, gave, NO_BYTES } from '../run.ts';
import type { ReadResult, Run } from '../run.ts';
import { O_APPEND, O_TRUNC, S_IFCHR, S_IFDIR, S_IFMT, S_IFREG } from './node.ts';
import type { FileSystem, Node } from './node.ts';

/** What was written, bounded: the simulated disk is small. */
const DISK_BYTES = 64 << 20;

interface Written {
  readonly mode: number;
  readonly ino: bigint;
  bytes: Uint8Array;
  /** Bytes in use; the array grows ahead of them. */
  length: number;
  mtime: number;
  readonly uid: number;
  readonly gid: number;
}

/** Directories that every machine has. */
const SKELETON = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'run',
  'sbin',
  'sys',
  'tmp',
  'usr',
  'usr/bin',
  'usr/sbin',
  'var',
];
const STICKY = new Set(['tmp']);
/** Devices with a behaviour of their own. */
const DEVICES: Readonly<Record<string, { readonly rdev: number; readonly open: () => OpenFile }>> = {
  'dev/null': { rdev: (1 << 20) | 3, open: () => new SinkFile(false) },
  'dev/zero': { rdev: (1 << 20) | 5, open: () => new SinkFile(true) },
};

export interface DiskOptions {
  readonly sys: Sys;
  readonly outside: OutsideFiles;
  /** Where the user's folder lies: absolute, without a slash behind. */
  readonly home: string;
  /** Whose folder it is. */
  readonly owner: number;
  /** Paths of the programs that can be run, without the leading slash. */
  readonly programs: ReadonlySet<string>;
}

export class DiskFs implements FileSystem {
  readonly type = 'ext4';
  private readonly options: DiskOptions;
  private readonly written = new Map<string, Written>();
  private readonly removed = new Set<string>();
  private used = 0;
  private nextIno = 262_145n;

  constructor(options: DiskOptions) {
    this.options = options;
  }

  node(path: string): Node | null {
    const found = this.find(path);
    if (!found || (found.mode & S_IFMT) !== S_IFDIR) return found;
    return { ...found, nlink: 2 + this.directoriesIn(path) };
  }

  private find(path: string): Node | null {
    const written = this.written.get(path);
    if (written) return this.writtenNode(written);
    if (this.removed.has(path)) return null;
    return this.outsideNode(path) ?? this.fixedNode(path) ?? this.worldNode(path);
  }

  /** Directories right below one: each has a `..` that counts as a link. */
  private directoriesIn(path: string): number {
    const isDirectory = (name: string): boolean =>
      ((this.find(path === '' ? name : `${path}/${name}`)?.mode ?? 0) & S_IFMT) === S_IFDIR;
    return this.names(path).filter(isDirectory).length;
  }

  names(path: string): readonly string[] {
    const prefix = path === '' ? '' : `${path}/`;
    const below = (all: Iterable<string>): string[] =>
      [...all]
        .filter((each) => each.startsWith(prefix) && each !== path)
        .map((each) => each.slice(prefix.length).split('/')[0] ?? '');
    const outer = this.outsidePath(path);
    const outside = outer === null ? [] : (this.options.outside.list(outer) ?? []);
    const all = new Set([
      ...below(this.written.keys()),
      ...outside.map((name) => name.replace(/\/$/, '')),
      ...below([...SKELETON, ...Object.keys(DEVICES), ...this.options.programs]),
      ...below([this.options.home.slice(1)].filter((home) => home !== '')),
      ...this.worldNames(path),
    ]);
    return [...all].filter((name) => this.find(prefix + name) !== null);
  }

  // -- where a name is known from ------------------------------------------------------------------------------

  private writtenNode(file: Written): Node {
    const { mode, ino, uid, gid } = file;
    const directory = (mode & S_IFMT) === S_IFDIR;
    return {
      mode,
      ino,
      nlink: directory ? 2 : 1,
      uid,
      gid,
      size: directory ? 4096 : file.length,
      mtime: file.mtime,
      ...(directory ? {} : { open: (flags: number) => new DiskFile(this, file, flags) }),
    };
  }

  /** The path in the user's folder, or null for what lies elsewhere. */
  private outsidePath(path: string): string | null {
    const home = this.options.home.slice(1);
    if (path === home) return '';
    return home === '' ? path : path.startsWith(`${home}/`) ? path.slice(home.length + 1) : null;
  }

  private outsideNode(path: string): Node | null {
    const outer = this.outsidePath(path);
    if (outer === null) return null;
    const { outside } = this.options;
    if (outside.list(outer)) return this.owned(this.fixed(path, S_IFDIR | 0o755));
    const size = outside.size(outer);
    if (size === null) return null;
    return this.owned({
      ...this.fixed(path, S_IFREG | 0o644),
      size,
      open: (flags) => {
        const bytes = outside.read(outer);
        return bytes ? new DiskFile(this, this.copyIn(path, bytes), flags) : fail('EIO');
      },
    });
  }

  private owned(node: Node): Node {
    return { ...node, uid: this.options.owner, gid: this.options.owner };
  }

  /** A file of the user's folder is taken into memory when it is opened: from then on it is the session's. */
  private copyIn(path: string, bytes: Uint8Array): Written {
    const known = this.written.get(path);
    if (known) return known;
    const file: Written = {
      mode: S_IFREG | 0o644,
      ino: this.nextIno++,
      bytes,
      length: bytes.length,
      mtime: BOOT_TIME,
      uid: this.options.owner,
      gid: this.options.owner,
    };
    this.written.set(path, file);
    return file;
  }

  private fixedNode(path: string): Node | null {
    const device = DEVICES[path];
    if (device)
      return { ...this.fixed(path, S_IFCHR | 0o666), size: 0, rdev: device.rdev, open: device.open };
    if (this.options.programs.has(path))
      return { ...this.fixed(path, S_IFREG | 0o755), size: 0, open: () => new EmptyFile() };
    const home = this.options.home.slice(1);
    const above = [home, ...this.options.programs].some((each) => each.startsWith(`${path}/`));
    if (path === '' || SKELETON.includes(path) || home === path || above) {
      const node = this.fixed(path, S_IFDIR | (STICKY.has(path) ? 0o1777 : 0o755));
      return home === path ? this.owned(node) : node;
    }
    return null;
  }

  private fixed(path: string, mode: number): Node {
    let hash = 11n;
    for (const char of path) hash = (hash * 31n + BigInt(char.charCodeAt(0))) % 200_003n;
    return {
      mode,
      ino: 2n + hash,
      nlink: (mode & S_IFMT) === S_IFDIR ? 2 : 1,
      uid: 0,
      gid: 0,
      size: 4096,
      mtime: BOOT_TIME,
    };
  }

  private worldNode(path: string): Node | null {
    const place = walkPath(this.options.sys, namesOf(path));
    const inode = place?.dentry.deref('d_inode');
    if (!inode) return null;
    const mode = inode.num('i_mode');
    return {
      mode,
      ino: inode.big('i_ino'),
      nlink: inode.num('i_nlink'),
      uid: inode.num('i_uid'),
      gid: inode.num('i_gid'),
      size: (mode & S_IFMT) === S_IFDIR ? 4096 : inode.num('i_size'),
      mtime: BOOT_TIME,
      rdev: inode.num('i_rdev'),
      ...((mode & S_IFMT) === S_IFDIR ? {} : { open: () => new EmptyFile() }),
    };
  }

  private worldNames(path: string): string[] {
    const { sys } = this.options;
    const place = walkPath(sys, namesOf(path));
    if (!place) return [];
    return [...dentryChildren(sys.kernel, place.dentry)]
      .filter((dentry) => !isUnlinked(sys.kernel, dentry))
      .map((dentry) => dentryName(sys.kernel, dentry));
  }

  // -- changes -------------------------------------------------------------------------------------------------

  private make(path: string, mode: number): NegErrno {
    const cred = this.options.sys.fds.task.deref('cred');
    this.removed.delete(path);
    this.written.set(path, {
      mode,
      ino: this.nextIno++,
      bytes: NO_BYTES,
      length: 0,
      mtime: wallClock(this.options.sys.kernel),
      uid: cred?.num('fsuid') ?? 0,
      gid: cred?.num('fsgid') ?? 0,
    });
    return 0;
  }

  create(path: string, mode: number): NegErrno {
    return this.make(path, S_IFREG | mode);
  }
  mkdir(path: string, mode: number): NegErrno {
    return this.make(path, S_IFDIR | mode);
  }
  rmdir(path: string): NegErrno {
    if (this.names(path).length > 0) return fail('ENOTEMPTY');
    return this.forget(path);
  }
  unlink(path: string): NegErrno {
    return this.forget(path);
  }
  private forget(path: string): NegErrno {
    this.used -= this.written.get(path)?.bytes.length ?? 0;
    this.written.delete(path);
    this.removed.add(path);
    return 0;
  }

  /** Puts bytes into a file. @returns how many, or -ENOSPC */
  store(file: Written, at: number, bytes: Uint8Array): number {
    const end = at + bytes.length;
    if (end > file.bytes.length) {
      const grown = new Uint8Array(Math.max(end, file.bytes.length * 2, 256));
      if (this.used + grown.length - file.bytes.length > DISK_BYTES) return fail('ENOSPC');
      this.used += grown.length - file.bytes.length;
      grown.set(file.bytes.subarray(0, file.length));
      file.bytes = grown;
    }
    file.bytes.set(bytes, at);
    file.length = Math.max(file.length, end);
    file.mtime = wallClock(this.options.sys.kernel);
    return bytes.length;
  }
}

/** A regular file, open: its position. */
class DiskFile extends OpenFile {
  private readonly disk: DiskFs;
  private readonly file: Written;
  private readonly append: boolean;
  private position = 0;

  constructor(disk: DiskFs, file: Written, flags: number) {
    super();
    this.disk = disk;
    this.file = file;
    this.append = (flags & O_APPEND) !== 0;
    if ((flags & O_TRUNC) === 0) return;
    // The user's own bytes may stand behind the array: they are not overwritten.
    file.bytes = NO_BYTES;
    file.length = 0;
  }
  override read(size: number): Run<ReadResult> {
    const bytes = this.file.bytes.slice(this.position, Math.min(this.position + size, this.file.length));
    this.position += bytes.length;
    return done(gave(bytes));
  }
  override write(bytes: Uint8Array): Run<number> {
    const stored = this.disk.store(this.file, this.append ? this.file.length : this.position, bytes);
    if (stored >= 0) this.position = this.append ? this.file.length : this.position + stored;
    return done(stored);
  }
  override seek(position: number): number {
    return (this.position = position);
  }
}

/** A file of the world, of whose content nothing is known. */
class EmptyFile extends OpenFile {
  override read(): Run<ReadResult> {
    return done(gave(NO_BYTES));
  }
  override write(): Run<number> {
    return done(failed(fail('EROFS')).ret);
  }
}
