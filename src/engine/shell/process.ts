/**
 * A process of the shell: a task of the world, and the system calls that its program makes.
 *
 * The kernel's file table and `fds` say the same: the one holds struct files, which iterators see, the other
 * what is behind them. Whoever runs a process makes its task the current one first.
 */
import { errnoName, fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { latin1Decode, latin1Encode } from '../../shared/utf8.ts';
import { must } from '../../shared/assert.ts';
import { exec } from '../kernel/changes/tasks.ts';
import { getFile } from '../kernel/objects/file.ts';
import { setPwd } from '../kernel/objects/fs_struct.ts';
import { installFd, lowestFreeFd, removeFd, reserveFd } from '../kernel/objects/files.ts';
import { cloneTask } from '../kernel/objects/task_clone.ts';
import { exitTask, reapTask } from '../kernel/objects/task_exit.ts';
import type { View } from '../kernel/view.ts';
import { strerror } from '../libbpf/messages.ts';
import * as bpffs from '../sys/bpffs.ts';
import { openDirectory } from '../sys/paths.ts';
import { closeFile } from '../vfs/file.ts';
import { closeFd, openFd } from '../vfs/fd_table.ts';
import { isDirectory, O_APPEND, O_CLOEXEC, O_CREAT, O_TRUNC, O_WRONLY, S_IFMT, S_IFREG } from './fs/node.ts';
import type { Node } from './fs/node.ts';
import type { Place } from './fs/tree.ts';
import { OpenFile, TerminalFile } from './open_file.ts';
import { done as ended, failed, Killed, SIGXCPU, WriteFault } from './run.ts';
import type { ReadResult, Run } from './run.ts';
import type { ShellWorld } from './shell_world.ts';

interface Descriptor {
  readonly file: OpenFile;
  readonly cloexec: boolean;
}

/** A directory can be opened, not read. */
class DirectoryFile extends OpenFile {
  override read(): Run<ReadResult> {
    return ended(failed(fail('EISDIR')));
  }
}

/** An iterator that a pin or BPF_ITER_CREATE has opened. */
class IteratorFile extends OpenFile {
  private readonly world: ShellWorld;
  constructor(world: ShellWorld) {
    super();
    this.world = world;
  }
  override *read(size: number, fd = -1): Run<ReadResult> {
    const walk = this.world.host.read(fd, size);
    for (;;) {
      const step = walk.next();
      if (step.done) return step.value;
      yield 'pause';
    }
  }
  override write(): Run<number> {
    return ended(fail('EINVAL'));
  }
}

/** One system call, as strace shows it. */
export interface SystemCall {
  readonly name: string;
  /** Numbers and words as they are; buffers as bytes. */
  readonly args: readonly (number | string | { readonly bytes: string })[];
  readonly ret: number;
  /** Name and text of the error when `ret` is negative. */
  readonly errno: string;
  readonly words: string;
}

const ACCESS = 3;
const PAGE = 4096;
const CALLS_BETWEEN_PAUSES = 4096;
/** Nanoseconds that a read or write moves the simulated clock. */
const CALL_TIME = 1000n;
/** Saved copies of fds go above these. */
const FIRST_SAVED_FD = 10;
/** What a process reads at a time when it wants all: glibc's buffer. */
const CHUNK = 65_536;

export class Process {
  readonly world: ShellWorld;
  readonly task: View;
  readonly argv: readonly string[];
  readonly env: Map<string, string>;
  /** Absolute path of the working directory. */
  cwd: string;
  /** Told of each system call on files after it has returned. */
  onSystemCall: ((call: SystemCall) => void) | null = null;
  private readonly fds: Map<number, Descriptor>;

  constructor(
    world: ShellWorld,
    task: View,
    spec: {
      readonly argv: readonly string[];
      readonly env: Map<string, string>;
      readonly cwd: string;
      readonly fds: Map<number, Descriptor>;
    },
  ) {
    this.world = world;
    this.task = task;
    this.argv = spec.argv;
    this.env = spec.env;
    this.cwd = spec.cwd;
    this.fds = spec.fds;
  }

  get pid(): number {
    return this.task.num('tgid');
  }
  get uid(): number {
    return this.task.deref('cred')?.num('euid') ?? 0;
  }
  get name(): string {
    return this.argv[0] ?? '';
  }

  // -- life ----------------------------------------------------------------------------------------------------

  /** fork(2): the child shares open files and has copies of everything else. */
  fork(argv: readonly string[]): Process {
    const child = cloneTask(this.world.kernel, this.task);
    const fds = new Map([...this.fds].map(([fd, { file, cloexec }]) => [fd, { file: file.use(), cloexec }]));
    const env = new Map(this.env);
    const process = new Process(this.world, child, { argv, env, cwd: this.cwd, fds });
    this.world.processes.set(child.addr, process);
    return process;
  }

  /** execve(2) of a program of this shell. */
  exec(exe: string): void {
    const { kernel, host } = this.world;
    for (const [fd, { cloexec }] of this.fds) if (cloexec) this.close(fd);
    const change = { do: 'exec', pid: this.task.num('pid'), exe, at: { session: 1, when: 'after' } } as const;
    const env = [...this.env].map(([name, value]) => `${name}=${value}`);
    exec({ kernel, files: host.files, maps: null }, change, () => undefined, { argv: [...this.argv], env });
  }

  /** exit_group(2), and the parent's wait(2). @param code exit status << 8, or a signal */
  exit(code: number): void {
    const { kernel, processes } = this.world;
    for (const { file } of this.fds.values()) file.unuse();
    this.fds.clear();
    processes.delete(this.task.addr);
    exitTask(kernel, this.task, code);
    reapTask(kernel, this.task);
  }

  private traced(name: string, args: SystemCall['args'], ret: number): void {
    this.onSystemCall?.({
      name,
      args,
      ret,
      errno: ret < 0 ? errnoName(ret) : '',
      words: ret < 0 ? strerror(ret) : '',
    });
  }

  // -- files ---------------------------------------------------------------------------------------------------

  /** @param follow false: a link at the end of the path stays one */
  walk(path: string, follow = true): Place | NegErrno {
    return this.world.tree.walk(path, this.cwd, follow);
  }

  /** stat(2). @returns the node, or a negated errno */
  stat(path: string, follow = true): Node | NegErrno {
    const place = this.walk(path, follow);
    if (typeof place === 'number') return place;
    return place.node ?? fail('ENOENT');
  }

  /** Names in a directory, sorted; or a negated errno. */
  readdir(path: string): readonly string[] | NegErrno {
    const place = this.walk(path);
    if (typeof place === 'number') return place;
    if (!place.node) return fail('ENOENT');
    if (!isDirectory(place.node)) return fail('ENOTDIR');
    if (!this.may(place.node, 4)) return fail('EACCES');
    return this.world.tree.names(place).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** @param bits 4 read, 2 write, 1 execute @kernel generic_permission, fs/namei.c @fidelity partial: groups are not looked at */
  private may(node: Node, bits: number): boolean {
    const { uid } = this;
    if (uid === 0) return true;
    const shift = node.uid === uid ? 6 : 0;
    return ((node.mode >> shift) & bits) === bits;
  }

  /**
   * open(2).
   *
   * @returns an fd, or a negated errno
   */
  open(path: string, flags = 0, mode = 0o666): number {
    const fd = this.openAt(path, flags, mode);
    this.traced('openat', ['AT_FDCWD', { bytes: path }, flagWords(flags)], fd);
    return fd;
  }

  private openAt(path: string, flags: number, mode: number): number {
    const place = this.walk(path);
    if (typeof place === 'number') return place;
    const access = flags & ACCESS;
    if (!place.node) {
      if ((flags & O_CREAT) === 0) return fail('ENOENT');
      if (path.endsWith('/')) return fail('EISDIR');
      const denied = this.mayChange(place);
      const err = denied < 0 ? denied : place.fs.create(place.inner, mode & ~this.umask);
      if (err < 0) return err;
    }
    const node = place.node ?? place.fs.node(place.inner);
    if (!node) return fail('ENOENT');
    const wanted = (access === O_WRONLY ? 0 : 4) | (access === 0 ? 0 : 2);
    if (!this.may(node, wanted)) return fail('EACCES');
    if (isDirectory(node)) return access === 0 ? this.openDirectory(place.path) : fail('EISDIR');
    if (place.fs.type === 'bpf') return this.openPin(place, flags);
    const file = node.open?.(flags) ?? fail('EINVAL');
    return typeof file === 'number' ? file : this.adopt(file, place, node, flags);
  }

  private get umask(): number {
    return this.task.deref('fs')?.num('umask') ?? 0o22;
  }

  private openDirectory(path: string): number {
    const { host } = this.world;
    host.files.places.find(path, { mode: 0o40755 });
    const fd = openDirectory(host.sys, path);
    if (fd >= 0) this.fds.set(fd, { file: new DirectoryFile(), cloexec: true });
    return fd;
  }

  /** A pin of an iterator link becomes a session; other pins have nothing to read. */
  private openPin(place: Place, flags: number): number {
    const fd = bpffs.open(this.world.host.sys, place.path, flags & ~O_CREAT & ~O_TRUNC);
    if (fd < 0) return fd === fail('EINVAL') ? fail('EIO') : fd;
    this.fds.set(fd, { file: new IteratorFile(this.world), cloexec: (flags & O_CLOEXEC) !== 0 });
    return fd;
  }

  /** A struct file for what was opened, at the lowest fd. */
  private adopt(file: OpenFile, place: Place, node: Node, flags: number): number {
    const { kernel, host } = this.world;
    const regular = (node.mode & S_IFMT) === S_IFREG;
    const kept = flags & (ACCESS | O_APPEND);
    const opened = host.files.open(
      {
        path: place.path,
        flags: `0${(kept | 0o100000).toString(8)}`,
        pos: '0',
        ...(regular ? { mode: node.mode.toString(8) } : {}),
      },
      { cred: must(this.task.deref('cred'), 'cred') },
    );
    const cloexec = (flags & O_CLOEXEC) !== 0;
    const fd = openFd(kernel, this.task, opened, cloexec);
    if (fd < 0) {
      closeFile(kernel, opened);
      file.unuse();
    } else this.fds.set(fd, { file, cloexec });
    return fd;
  }

  /** pipe(2): read end, write end. */
  pipe(reader: OpenFile, writer: OpenFile): readonly [number, number] {
    const { kernel, host } = this.world;
    const path = `pipe:[${this.world.nextPipe++}]`;
    const cred = must(this.task.deref('cred'), 'cred');
    const end = (flags: string, file: OpenFile): number => {
      const fd = openFd(kernel, this.task, host.files.open({ path, flags, pos: '0' }, { cred }), false);
      this.fds.set(fd, { file, cloexec: false });
      return fd;
    };
    return [end('00', reader), end('01', writer)];
  }

  close(fd: number): NegErrno {
    const err = closeFd(this.world.kernel, this.task, fd);
    const known = this.fds.get(fd);
    this.fds.delete(fd);
    known?.file.unuse();
    this.traced('close', [fd], err);
    return err;
  }

  /** dup2(2): `to` becomes a second number for `from`. */
  dup2(from: number, to: number, cloexec = false): number {
    const { kernel } = this.world;
    const files = must(this.task.deref('files'), 'files');
    const known = this.fds.get(from);
    const file = this.world.host.sys.fds.file(from);
    if (!known || !file) return fail('EBADF');
    if (from === to) return to;
    getFile(file);
    known.file.use();
    if (removeFdIfOpen(kernel, files, to)) this.fds.get(to)?.file.unuse();
    reserveFd(kernel, files, to, cloexec);
    installFd(kernel, files, to, file);
    this.fds.set(to, { file: known.file, cloexec });
    return to;
  }

  /** A copy of an fd out of the way, close-on-exec; -EBADF when it is not open. */
  save(fd: number): number {
    const files = must(this.task.deref('files'), 'files');
    return this.fds.has(fd) ? this.dup2(fd, lowestFreeFd(files, FIRST_SAVED_FD), true) : fail('EBADF');
  }

  /** Puts something else behind an fd that is open already, without the kernel noticing. */
  attach(fd: number, file: OpenFile): void {
    this.fds.get(fd)?.file.unuse();
    this.fds.set(fd, { file, cloexec: false });
  }

  *read(fd: number, size: number): Run<ReadResult> {
    const known = this.fds.get(fd);
    const file = this.world.host.sys.fds.file(fd);
    if (!known || !file || (file.num('f_flags') & ACCESS) === O_WRONLY) return failed(fail('EBADF'));
    const result = yield* known.file.read(size, fd);
    yield* this.charge(result.bytes.length);
    if (this.onSystemCall) this.traced('read', [fd, { bytes: latin1Decode(result.bytes) }, size], result.ret);
    return result;
  }

  /** @returns bytes written, or a negated errno */
  *write(fd: number, bytes: Uint8Array): Run<number> {
    const known = this.fds.get(fd);
    const file = this.world.host.sys.fds.file(fd);
    if (!known || !file || (file.num('f_flags') & ACCESS) === 0) return fail('EBADF');
    const done = yield* known.file.write(bytes);
    yield* this.charge(bytes.length);
    if (this.onSystemCall) this.traced('write', [fd, { bytes: latin1Decode(bytes) }, bytes.length], done);
    return done;
  }

  /** Every system call costs; a line that never ends is ended. @throws Killed */
  private *charge(bytes: number): Run<void> {
    const { world } = this;
    world.activity++;
    world.kernel.now += CALL_TIME;
    world.fuel -= 1 + bytes / PAGE;
    if (world.fuel < 0) throw new Killed(SIGXCPU);
    if (world.activity % CALLS_BETWEEN_PAUSES === 0) yield 'pause';
  }

  /** isatty(3). */
  isTerminal(fd: number): boolean {
    return this.fds.get(fd)?.file instanceof TerminalFile;
  }

  /** lseek(2) to a position. */
  seek(fd: number, position: number): number {
    return this.fds.get(fd)?.file.seek(position) ?? fail('EBADF');
  }

  // -- names ---------------------------------------------------------------------------------------------------

  private mayChange(place: Place): NegErrno {
    const cut = place.path.lastIndexOf('/');
    const dir = this.stat(cut === 0 ? '/' : place.path.slice(0, cut));
    if (typeof dir === 'number') return dir;
    return this.may(dir, 2) ? 0 : fail('EACCES');
  }

  private change(path: string, act: (place: Place) => NegErrno, exists: boolean): NegErrno {
    const place = this.walk(path.length > 1 ? path.replace(/\/+$/, '') : path, false);
    if (typeof place === 'number') return place;
    if (exists ? !place.node : place.node) return fail(exists ? 'ENOENT' : 'EEXIST');
    const denied = this.mayChange(place);
    return denied < 0 ? denied : act(place);
  }

  mkdir(path: string, mode = 0o777): NegErrno {
    return this.change(path, ({ fs, inner }) => fs.mkdir(inner, mode & ~this.umask), false);
  }
  rmdir(path: string): NegErrno {
    return this.change(
      path,
      (place) => {
        if (!place.node || !isDirectory(place.node)) return fail('ENOTDIR');
        return this.world.tree.isMountPoint(place.path) ? fail('EBUSY') : place.fs.rmdir(place.inner);
      },
      true,
    );
  }
  unlink(path: string): NegErrno {
    return this.change(
      path,
      ({ node, fs, inner }) => (node && isDirectory(node) ? fail('EISDIR') : fs.unlink(inner)),
      true,
    );
  }

  /** chdir(2). */
  chdir(path: string): NegErrno {
    const place = this.walk(path);
    if (typeof place === 'number') return place;
    if (!place.node) return fail('ENOENT');
    if (!isDirectory(place.node)) return fail('ENOTDIR');
    if (!this.may(place.node, 1)) return fail('EACCES');
    const fs = this.task.deref('fs');
    if (fs) setPwd(this.world.kernel, fs, this.world.host.files.places.find(place.path, { mode: 0o40755 }));
    this.cwd = place.path;
    return 0;
  }

  // -- what a C library adds -----------------------------------------------------------------------------------

  /** Writes all of a byte string to stdout. @throws WriteFault */
  *print(text: string): Run<void> {
    const written = text === '' ? 0 : yield* this.writeAll(1, latin1Encode(text));
    if (written < 0) throw new WriteFault(written);
  }
  *writeAll(fd: number, bytes: Uint8Array): Run<number> {
    for (let at = 0; at < bytes.length;) {
      const done = yield* this.write(fd, bytes.subarray(at));
      if (done < 0) return done;
      at += done;
    }
    return bytes.length;
  }
  /** Writes a line to stderr. */
  *complain(text: string): Run<void> {
    yield* this.writeAll(2, latin1Encode(`${text}\n`));
  }
  /** `name: path: No such file or directory` */
  *perror(path: string, errno: NegErrno): Run<void> {
    yield* this.complain(`${this.name}: ${path}: ${strerror(errno)}`);
  }

  /** Everything up to the end of a file; or the errno that ended it, with what came before. */
  *readAll(fd: number, size = CHUNK): Run<{ readonly bytes: Uint8Array; readonly errno: NegErrno }> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { ret, bytes } = yield* this.read(fd, size);
      if (ret <= 0) {
        const all = new Uint8Array(length);
        let at = 0;
        for (const chunk of chunks) {
          all.set(chunk, at);
          at += chunk.length;
        }
        return { bytes: all, errno: ret };
      }
      // What is behind a file may use its buffer again.
      chunks.push(bytes.slice());
      length += ret;
    }
  }

  /** A whole file as a byte string; or the errno. */
  *slurp(path: string): Run<string | NegErrno> {
    const fd = this.open(path);
    if (fd < 0) return fd;
    const { bytes, errno } = yield* this.readAll(fd);
    this.close(fd);
    return errno < 0 ? errno : latin1Decode(bytes);
  }

  /** The object file at a path, as its program would read it. */
  *slurpBytes(path: string): Run<Uint8Array | NegErrno> {
    const fd = this.open(path);
    if (fd < 0) return fd;
    const { bytes, errno } = yield* this.readAll(fd);
    this.close(fd);
    return errno < 0 ? errno : bytes;
  }
}

const FLAG_WORDS: readonly (readonly [flag: number, word: string])[] = [
  [O_CREAT, 'O_CREAT'],
  [O_TRUNC, 'O_TRUNC'],
  [O_APPEND, 'O_APPEND'],
  [O_CLOEXEC, 'O_CLOEXEC'],
];
const flagWords = (flags: number): string =>
  [
    ['O_RDONLY', 'O_WRONLY', 'O_RDWR'][flags & ACCESS] ?? '',
    ...FLAG_WORDS.filter(([flag]) => (flags & flag) !== 0).map(([, word]) => word),
  ].join('|');

function removeFdIfOpen(kernel: ShellWorld['kernel'], files: View, fd: number): boolean {
  const old = removeFd(kernel, files, fd);
  if (old) closeFile(kernel, old);
  return old !== null;
}
