/**
 * File descriptors of user programs: struct files of the kernel, and behind each what bytes it gives and takes.
 *
 *     fd -> struct file -> iterator (the kernel's), or an OpenFile: stream, pipe, text
 */
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { canRead, canWrite, getFile, O_CLOEXEC } from '../kernel/objects/file.ts';
import {
  installFd as installTo,
  isCloseOnExec,
  openFds,
  reserveFd,
  settleNextFd,
} from '../kernel/objects/files.ts';
import type { View } from '../kernel/view.ts';
import { isDirectory, O_APPEND, O_CREAT, O_TRUNC, S_IFMT, S_IFREG } from '../shell/fs/node.ts';
import type { Place } from '../shell/fs/tree.ts';
import { newPipe, OpenFile, TerminalFile } from '../shell/open_file.ts';
import { drainRun, failed } from '../shell/run.ts';
import type { ReadResult, Run } from '../shell/run.ts';
import * as bpffs from '../sys/bpffs.ts';
import * as sysFiles from '../sys/files.ts';
import { openDirectory } from '../sys/paths.ts';
import { closeFd, lookupFd, openFd } from '../vfs/fd_table.ts';
import { pathText } from '../vfs/path.ts';
import type { UserHost } from './host.ts';

const TERMINAL = '/dev/pts/0';
const STDERR = 2;
const ACCESS = 3;
const O_EXCL = 0o200;
const O_LARGEFILE = 0o100000;
/** What is read at a time when all is wanted. */
const CHUNK = 65_536;
const FIRST_PIPE = 900_001;
/** RLIMIT_NOFILE of an ordinary process. */
const MAX_FD = 1024;

export class UserFiles {
  private readonly host: UserHost;
  /** By the address of the struct file. */
  private readonly behind = new Map<Addr, OpenFile>();
  private nextPipe = FIRST_PIPE;

  constructor(host: UserHost) {
    this.host = host;
  }

  private get task(): View {
    return this.host.shell.sys.fds.task;
  }

  /** Descriptors of a program that a shell starts at a terminal: 0, 1 and 2 are new, others stay unless they close on exec. */
  startFor(task: View): void {
    const { kernel } = this.host.shell.sys;
    const table = task.deref('files');
    if (!table) return;
    for (const { fd } of openFds(kernel, table))
      if (fd <= STDERR || isCloseOnExec(table, fd)) closeFd(kernel, task, fd);
    const streams = [null, 'stdout', 'stderr'] as const;
    for (const stream of streams) {
      const show = (bytes: Uint8Array): void => this.host.write(stream ?? 'stdout', bytes);
      this.install(TERMINAL, 2, new TerminalFile(show), { task });
    }
  }

  /** A struct file for bytes, behind a new fd. @returns the fd, or -EMFILE */
  private install(
    path: string,
    flags: number,
    open: OpenFile,
    { task = this.task, mode = null }: { task?: View; mode?: number | null } = {},
  ): number {
    const { sys, files } = this.host.shell;
    const { kernel } = sys;
    const cred = task.deref('cred');
    if (!cred) return fail('EMFILE');
    const kept = (flags & (ACCESS | O_APPEND)) | O_LARGEFILE;
    const spec = { path, flags: `0${kept.toString(8)}`, pos: '0' };
    const file = files.open(mode === null ? spec : { ...spec, mode: mode.toString(8) }, { cred });
    this.behind.set(file.addr, open);
    const fd = openFd(kernel, task, file, (flags & O_CLOEXEC) !== 0);
    if (fd < 0) this.letGo(file);
    return fd;
  }

  private letGo(file: View): void {
    if (file.num('f_count') !== 1) return;
    this.behind.get(file.addr)?.unuse();
    this.behind.delete(file.addr);
  }

  /** An absolute path. */
  absolute(path: string): string {
    if (path.startsWith('/')) return path;
    const fs = this.task.deref('fs');
    const cwd = fs ? pathText(this.host.shell.sys.kernel, fs.sub('pwd')) : '/';
    const names: string[] = [];
    for (const name of `${cwd}/${path}`.split('/'))
      if (name === '..') names.pop();
      else if (name !== '' && name !== '.') names.push(name);
    return `/${names.join('/')}`;
  }

  /** Where a path leads, from the working directory. */
  walk(path: string): Place | NegErrno {
    return this.host.tree.walk(path, this.absolute('.'));
  }

  /** @kernel do_sys_openat2, fs/open.c @fidelity partial: rights are not checked, the program runs as root */
  open(path: string, flags: number, mode: number): number {
    const place = this.walk(path);
    if (typeof place === 'number') return place;
    if (!place.node) {
      if ((flags & O_CREAT) === 0) return fail('ENOENT');
      const err = place.fs.create(place.inner, mode & ~0o22);
      if (err < 0) return err;
    } else if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return fail('EEXIST');
    const node = place.node ?? place.fs.node(place.inner);
    if (!node) return fail('ENOENT');
    const { sys, files } = this.host.shell;
    if (isDirectory(node)) {
      if ((flags & ACCESS) !== 0) return fail('EISDIR');
      files.places.find(place.path, { mode: 0o40755 });
      return openDirectory(sys, place.path);
    }
    if (place.fs.type === 'bpf') {
      const fd = bpffs.open(sys, place.path, flags & ~O_CREAT & ~O_TRUNC);
      return fd === fail('EINVAL') ? fail('EIO') : fd;
    }
    const open = node.open?.(flags) ?? fail('EINVAL');
    if (typeof open === 'number') return open;
    const regular = (node.mode & S_IFMT) === S_IFREG;
    return this.install(place.path, flags, open, { mode: regular ? node.mode : null });
  }

  /** All bytes of a file, or null when it cannot be read. */
  contents(path: string): Uint8Array | null {
    const place = this.walk(path);
    const open = typeof place === 'number' || place.fs.type === 'bpf' ? null : place.node?.open?.(0);
    if (!open || typeof open === 'number') return null;
    const parts: Uint8Array[] = [];
    for (;;) {
      const { ret, bytes } = drainRun(open.read(CHUNK));
      if (ret < 0) return null;
      if (ret === 0) break;
      parts.push(bytes);
    }
    open.unuse();
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  /** A change of the tree by a path. */
  change(path: string, run: (place: Place) => NegErrno): NegErrno {
    const place = this.host.tree.walk(path, this.absolute('.'), false);
    return typeof place === 'number' ? place : run(place);
  }

  private file(fd: number): View | null {
    return lookupFd(this.host.shell.sys.kernel, this.task, fd);
  }

  /** @kernel ksys_read, fs/read_write.c @fidelity partial: files that the world only names give EINVAL */
  *read(fd: number, size: number): Run<ReadResult> {
    const file = this.file(fd);
    if (!file || !canRead(file.num('f_flags'))) return failed(fail('EBADF'));
    const open = this.behind.get(file.addr);
    if (open) return yield* open.read(size);
    const walk = this.host.shell.read(fd, size);
    for (;;) {
      const step = walk.next();
      if (step.done) return step.value;
      yield 'pause';
    }
  }

  /** @kernel ksys_write, fs/read_write.c @fidelity partial: files that the world only names give EINVAL */
  *write(fd: number, bytes: Uint8Array): Run<number> {
    const file = this.file(fd);
    if (!file || !canWrite(file.num('f_flags'))) return fail('EBADF');
    const open = this.behind.get(file.addr);
    return open ? yield* open.write(bytes) : sysFiles.write(this.host.shell.sys, fd);
  }

  lseek(fd: number, position: number): number {
    const file = this.file(fd);
    const open = file && this.behind.get(file.addr);
    return open ? open.seek(position) : sysFiles.lseek(this.host.shell.sys, fd);
  }

  close(fd: number): NegErrno {
    const file = this.file(fd);
    if (file) this.letGo(file);
    return closeFd(this.host.shell.sys.kernel, this.task, fd);
  }

  /** @kernel ksys_dup3, fs/file.c @fidelity full: user.test.ts */
  dupTo(fd: number, to: number, cloexec = false): number {
    const { kernel } = this.host.shell.sys;
    const file = this.file(fd);
    const table = this.task.deref('files');
    if (!file || !table || to < 0 || to >= MAX_FD) return fail('EBADF');
    if (to === fd) return to;
    getFile(file);
    if (this.file(to)) this.close(to);
    reserveFd(kernel, table, to, cloexec);
    installTo(kernel, table, to, file);
    settleNextFd(table);
    return to;
  }

  dup(fd: number): number {
    return sysFiles.dup(this.host.shell.sys, fd);
  }

  /** @returns both fds, reader first, or a negated errno @kernel do_pipe2, fs/pipe.c @fidelity full: user.test.ts */
  pipe(flags: number): readonly [number, number] | NegErrno {
    const { reader, writer } = newPipe();
    const name = `pipe:[${this.nextPipe++}]`;
    const first = this.install(name, flags & O_CLOEXEC, reader);
    const second = this.install(name, (flags & O_CLOEXEC) | 1, writer);
    return first < 0 ? first : second < 0 ? second : [first, second];
  }

  /** True when the fd is the terminal. */
  isTerminal(fd: number): boolean {
    const file = this.file(fd);
    return file !== null && this.behind.get(file.addr) instanceof TerminalFile;
  }

  isOpen(fd: number): boolean {
    return this.file(fd) !== null;
  }

  /** A task ends: what only it had open is closed. */
  closeAll(task: View): void {
    const { kernel } = this.host.shell.sys;
    const table = task.deref('files');
    if (!table || table.num('count') !== 1) return;
    for (const { file } of openFds(kernel, table)) this.letGo(file);
  }
}
