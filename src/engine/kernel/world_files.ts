/**
 * Opens the files of a world: from the text of a link in /proc/PID/fd to a struct file with what is behind it.
 */
import { EngineBug, must } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import { APPEND, deviceOf, fileKind, O_PATH, PATH_ONLY, S_IF, S_IFMT } from './file_kinds.ts';
import type { FileKind } from './file_kinds.ts';
import type { Kernel } from './kernel.ts';
import { containerOf } from './list.ts';
import { dmaBufs, newDmaBuf } from './objects/dma_buf.ts';
import { canRead, canWrite, fileOperations, FMODE, getFile, newFile, O_CLOEXEC } from './objects/file.ts';
import { watched, watchFile } from './objects/epoll.ts';
import { newPrivate, setPrivate, tiePrivate } from './objects/file_private.ts';
import { setTimes } from './objects/inode.ts';
import { watchInode } from './objects/inotify.ts';
import { openTty, terminal } from './objects/tty.ts';
import { anonInode, internalMount, pseudoPath } from './objects/internal_mounts.ts';
import { findPidNs } from './objects/pid.ts';
import { socketName } from './objects/sock.ts';
import { getRef, putRef } from './objects/refs.ts';
import type { Path } from './objects/dentry.ts';
import type { View } from './view.ts';
import { parseDev } from './world_places.ts';
import type { Places } from './world_places.ts';
import type { InodeFacts } from './world_places.ts';
import type { World, WorldFile } from './world_schema.ts';

/** Link texts such as pipe:[370] and net:[4026531840] end in the inode's number. */
const NUMBERED = /\[(\d+)\]$/;

/** Link text of a DMA buffer; its name follows. */
const DMA_BUF = /^\/dmabuf:/;

interface Opened {
  readonly path: Path;
  readonly inode: View;
  readonly privateData: Addr;
}

export interface FileOwner {
  readonly cred: View;
}

export class WorldFiles {
  readonly places: Places;
  private readonly kernel: Kernel;
  private readonly world: World;
  private readonly pidNs: View;
  private readonly namespaceByInum: (inum: number) => View | null;
  /** Files that were opened under a name of `world.files`. */
  private readonly named = new Map<string, View>();

  constructor(
    kernel: Kernel,
    world: World,
    places: Places,
    pidNs: View,
    namespaceByInum: (inum: number) => View | null,
  ) {
    this.kernel = kernel;
    this.world = world;
    this.places = places;
    this.pidNs = pidNs;
    this.namespaceByInum = namespaceByInum;
  }

  /** A file with a reference for the caller: newly opened, or one more reference to a named one. */
  open(file: WorldFile | string, owner: FileOwner): View {
    if (typeof file !== 'string') return this.openNew(file, owner);
    const known = this.named.get(file);
    if (known) return getFile(known);
    const opened = this.openNew(must(this.world.files[file], `file '${file}'`), owner);
    this.named.set(file, opened);
    return opened;
  }

  private openNew(spec: WorldFile, owner: FileOwner): View {
    const shared = DMA_BUF.test(spec.path) ? this.dmaBuf(spec, owner) : null;
    if (shared) return shared;
    const flags = parseInt(spec.flags, 8) & ~O_CLOEXEC;
    const mode = spec.mode === undefined ? null : parseInt(spec.mode, 8);
    const kind = fileKind(spec.path, mode, this.places.fstypeOf(spec.path));
    const { path, inode, privateData } = this.behind(spec, kind, withType(mode ?? kind.mode, kind));
    const pathOnly = (flags & O_PATH) !== 0;
    const { base, read } = kind.bits;
    const write = (flags & APPEND.flag) === 0 ? kind.bits.write : kind.bits.write & ~APPEND.mode;
    const file = newFile(this.kernel, {
      mnt: path.mnt.at('mnt'),
      dentry: path.dentry.addr,
      inode,
      fops: spec.fops ?? (pathOnly ? PATH_ONLY.fops : kind.fops),
      flags,
      mode: pathOnly ? PATH_ONLY.mode : base | (canRead(flags) ? read : 0) | (canWrite(flags) ? write : 0),
      pos: BigInt(spec.pos),
      cred: owner.cred.addr,
      privateData: pathOnly ? 0n : privateData,
    });
    if (kind.internal === 'sockfs') this.kernel.view('socket', privateData).set('file', file.addr);
    if (kind.fops === 'pipefifo_fops') countEnds(this.kernel, file, 1);
    tiePrivate(this.kernel, file);
    if (!pathOnly) this.fill(file, spec);
    if (spec.times) setTimes(inode, spec.times);
    return file;
  }

  /** What is behind a file that is more than a name. */
  private fill(file: View, spec: WorldFile): void {
    const { kernel, places, world } = this;
    const tty = terminalName(spec.path, world.console, spec.pts);
    const line = tty === null ? null : terminal(kernel, tty);
    if (line) openTty(kernel, file, line);
    setPrivate(kernel, file, spec);
    const group = file.ptr('private_data');
    for (const { wd, path, mask } of this.isKind(file, 'inotify_fops') ? (spec.inotify ?? []) : []) {
      const inode = places.find(path, { mode: S_IF.DIR | 0o755 }).dentry.deref('d_inode');
      if (inode) watchInode(kernel, kernel.view('fsnotify_group', group), inode, wd, mask);
    }
  }

  private isKind(file: View, fops: string): boolean {
    return file.ptr('f_op') === fileOperations(this.kernel, fops) && file.ptr('private_data') !== 0n;
  }

  /** Has an epoll instance watch what stands behind its fds, once the table has them. */
  watch(file: View, spec: WorldFile | string, behind: (fd: number) => View | null): void {
    const { kernel } = this;
    const { epoll } = typeof spec === 'string' ? must(this.world.files[spec], `file '${spec}'`) : spec;
    if (!epoll || !this.isKind(file, 'eventpoll_fops')) return;
    const ep = kernel.view('eventpoll', file.ptr('private_data'));
    if (watched(kernel, ep).length > 0) return;
    for (const { fd, events, data } of epoll) {
      const target = behind(fd);
      if (target && target.addr !== file.addr)
        watchFile(kernel, ep, target, { fd, events, data: BigInt(data) });
    }
  }

  /** A buffer has one file, whoever opens it; one that the world does not list is made. */
  private dmaBuf(spec: WorldFile, owner: FileOwner): View {
    const ino = spec.ino ?? 0;
    for (const buf of dmaBufs(this.kernel)) {
      const file = must(buf.deref('file'), 'file of a DMA buffer');
      if (file.deref('f_inode')?.num('i_ino') === ino) return getFile(file);
    }
    const name = spec.path.replace(DMA_BUF, '');
    const made = newDmaBuf(this.kernel, {
      exporter: 'unknown',
      size: spec.size ?? 0,
      ino,
      cred: owner.cred.addr,
      ...(name === '' ? {} : { name }),
    });
    return getFile(must(made.deref('file'), 'file of a DMA buffer'));
  }

  private behind(spec: WorldFile, kind: FileKind, mode: number): Opened {
    const number = NUMBERED.exec(spec.path)?.[1];
    const facts = inodeFacts(spec, number === undefined ? undefined : Number(number), mode);
    if (kind.internal === null) {
      const dev = spec.dev === undefined ? null : parseDev(spec.dev);
      const path = this.places.find(spec.path, { ...facts, rdev: deviceOf(spec.path) }, dev);
      const inode = must(path.dentry.deref('d_inode'), 'd_inode');
      return { path, inode, privateData: this.pipeOf(inode, kind) };
    }
    return this.internal(spec, kind, facts);
  }

  private internal(spec: WorldFile, kind: FileKind, facts: InodeFacts): Opened {
    const { kernel, places } = this;
    const fs = must(kind.internal, 'internal filesystem');
    const sb = must(internalMount(kernel, fs).deref('mnt.mnt_sb'), 'mnt_sb');
    const pseudo = (name: string, inode: View): Path => {
      const alias = places.aliasOf(inode);
      return alias ? { mnt: internalMount(kernel, fs), dentry: alias } : pseudoPath(kernel, fs, name, inode);
    };
    switch (fs) {
      case 'anon_inodefs': {
        const inode = anonInode(kernel, this.world.anonInode);
        const path = pseudoPath(kernel, fs, kind.dname ?? '', inode);
        return { path, inode, privateData: newPrivate(kernel, kind.fops) };
      }
      case 'pipefs': {
        const inode = places.inode(sb, facts);
        return { path: pseudo('', inode), inode, privateData: this.pipeOf(inode, kind) };
      }
      case 'sockfs': {
        const known = facts.ino === undefined ? null : places.findInode(sb, facts.ino);
        const socket = known
          ? containerOf(kernel, known.addr, 'socket_alloc', 'vfs_inode')
          : kernel.alloc('socket_alloc');
        const inode = known ?? places.inode(sb, facts, socket.sub('vfs_inode'));
        const path = pseudo(spec.protocol ?? socketName(kernel, socket.sub('socket')), inode);
        return { path, inode, privateData: socket.at('socket') };
      }
      case 'nsfs': {
        const inode = places.inode(sb, facts);
        const ns = this.namespaceByInum(facts.ino ?? 0);
        inode.set('i_private', ns?.at('ns') ?? 0n);
        return { path: pseudo('/', inode), inode, privateData: 0n };
      }
      case 'pidfs': {
        const inode = places.inode(sb, facts);
        const pid = findPidNs(kernel, spec.pid ?? 0, this.pidNs);
        if (pid) inode.set('i_private', getRef(pid, 'count').addr);
        return { path: pseudo('/', inode), inode, privateData: 0n };
      }
      case 'dmabuf':
        throw new EngineBug('a DMA buffer has one file, which is not opened');
      case 'shm': {
        const inode = places.inode(sb, { ...facts, nlink: facts.nlink ?? 0 });
        return { path: pseudo(kind.dname ?? '', inode), inode, privateData: 0n };
      }
    }
  }

  /** The ring of a pipe or FIFO, made by its first opening; 0 for other files. */
  private pipeOf(inode: View, kind: FileKind): Addr {
    if (kind.fops !== 'pipefifo_fops') return 0n;
    if (inode.ptr('i_pipe') === 0n) inode.set('i_pipe', newPipe(this.kernel).addr);
    const pipe = must(inode.deref('i_pipe'), 'i_pipe');
    pipe.set('files', pipe.num('files') + 1);
    return pipe.addr;
  }
}

/** Slots of a pipe's ring, unless fcntl(2) changed it. */
const PIPE_SLOTS = 16;

/** @kernel alloc_pipe_info, fs/pipe.c @fidelity partial: an empty ring, without its buffers */
function newPipe(kernel: Kernel): View {
  const pipe = kernel.alloc('pipe_inode_info');
  for (const field of ['ring_size', 'max_usage', 'nr_accounted']) pipe.trySet(field, PIPE_SLOTS);
  for (const field of ['head', 'tail']) pipe.trySet(field, 0);
  return pipe;
}

/** The terminal behind a path, or null: /dev/tty is another for each process, and is not looked at. */
function terminalName(path: string, console: string, pts: number | undefined): string | null {
  const device = /^\/dev\/(.+)$/.exec(path)?.[1] ?? '';
  if (device === 'console' || device === 'tty0') return console;
  if (device === 'ptmx' || device === 'pts/ptmx') return pts === undefined ? null : `ptm/${pts}`;
  return /^(pts\/\d+|tty\d+|ttyS\d+)$/.test(device) ? device : null;
}

/** A pipe counts the files that can read and those that can write. @kernel fifo_open, fs/pipe.c @fidelity full: world.test.ts */
function countEnds(kernel: Kernel, file: View, by: 1 | -1): void {
  if (file.ptr('private_data') === 0n) return;
  const pipe = kernel.view('pipe_inode_info', file.ptr('private_data'));
  const mode = file.num('f_mode');
  if ((mode & FMODE.READ) !== 0) pipe.set('readers', pipe.num('readers') + by);
  if ((mode & FMODE.WRITE) !== 0) pipe.set('writers', pipe.num('writers') + by);
}

/** The ring goes with the last file of a pipe. @kernel put_pipe_info, fs/pipe.c @fidelity full: changes.test.ts */
export function releasePipe(kernel: Kernel, file: View): void {
  const inode = must(file.deref('f_inode'), 'f_inode');
  const pipe = file.ptr('private_data') === 0n ? null : inode.deref('i_pipe');
  if (!pipe) return;
  countEnds(kernel, file, -1);
  if (!putRef(pipe, 'files')) return;
  inode.set('i_pipe', 0n);
  kernel.mem.release(pipe.addr);
}

/** stat(2) of a pidfd shows no file type, its inode has one. */
const withType = (mode: number, kind: FileKind): number =>
  (mode & S_IFMT) === 0 ? mode | (kind.mode & S_IFMT) : mode;

function inodeFacts(spec: WorldFile, number: number | undefined, mode: number): InodeFacts {
  const ino = spec.ino ?? number;
  const { size, nlink, uid, gid } = spec;
  return {
    mode,
    ...(ino === undefined ? {} : { ino }),
    ...(size === undefined ? {} : { size }),
    ...(nlink === undefined ? {} : { nlink }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
}
