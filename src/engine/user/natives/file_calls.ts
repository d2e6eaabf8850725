/** System calls on files. */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { pathText } from '../../vfs/path.ts';
import type { Place } from '../../shell/fs/tree.ts';
import type { NativeCall, NativeTable } from '../native.ts';
import { syscalls } from '../native.ts';
import type { Waiting } from '../process.ts';

const O_CLOEXEC = 0o2000000;
const F_DUPFD = 0;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_DUPFD_CLOEXEC = 1030;
const SEEK_SET = 0;

function* read(call: NativeCall): Waiting {
  const { userland } = call;
  const size = call.size(3);
  // The kernel looks at the buffer when it has something to put there; an iterator's text would be lost.
  const { ret, bytes } = yield* userland.files.read(call.int(1), size);
  if (ret > 0 && !call.process.space.write(call.arg(2), bytes)) return fail('EFAULT');
  return ret;
}

function* write(call: NativeCall): Waiting {
  const bytes = call.process.space.read(call.arg(2), call.size(3));
  if (!bytes) return fail('EFAULT');
  return yield* call.userland.files.write(call.int(1), bytes);
}

function pipe(call: NativeCall): number {
  const fds = call.userland.files.pipe(call.int(2));
  if (typeof fds === 'number') return fds;
  fds.forEach((fd, i) => call.putU32(call.arg(1) + BigInt(i * 4), fd));
  return 0;
}

function fcntl(call: NativeCall): number {
  const { files, host, kernel } = call.userland;
  const { sys } = host.shell;
  const fd = call.int(1);
  if (!files.isOpen(fd)) return fail('EBADF');
  switch (call.int(2)) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      let to = call.int(3);
      while (files.isOpen(to)) to++;
      return files.dupTo(fd, to, call.int(2) === F_DUPFD_CLOEXEC);
    }
    case F_GETFD:
    case F_SETFD:
      return 0;
    case F_GETFL:
      return kernel.view('file', sys.fds.file(fd)?.addr ?? 0n).num('f_flags');
    default:
      return fail('EINVAL');
  }
}

function getcwd(call: NativeCall): number {
  const fs = call.thread.task.deref('fs');
  const text = fs ? pathText(call.kernel, fs.sub('pwd')) : '/';
  if (text.length + 1 > call.size(2)) return fail('ERANGE');
  return call.putText(call.arg(1), call.size(2), text) + 1;
}

const at = (call: NativeCall, run: (place: Place) => NegErrno): NegErrno =>
  call.userland.files.change(call.text(call.arg(1)), run);

export const FILE_CALLS: NativeTable = {
  ...syscalls({
    __sys_open: (call) => call.userland.files.open(call.text(call.arg(1)), call.int(2), call.int(3)),
    __sys_close: (call) => call.userland.files.close(call.int(1)),
    __sys_lseek: (call) =>
      call.int(3) === SEEK_SET
        ? call.userland.files.lseek(call.int(1), Number(call.arg(2)))
        : call.userland.files.isOpen(call.int(1))
          ? fail('ESPIPE')
          : fail('EBADF'),
    __sys_dup: (call) => call.userland.files.dup(call.int(1)),
    __sys_dup3: (call) =>
      call.int(1) === call.int(2)
        ? fail('EINVAL')
        : call.userland.files.dupTo(call.int(1), call.int(2), (call.int(3) & O_CLOEXEC) !== 0),
    __sys_dup2: (call) => call.userland.files.dupTo(call.int(1), call.int(2)),
    __sys_pipe2: pipe,
    __sys_fcntl: fcntl,
    __sys_isatty: (call) =>
      call.userland.files.isTerminal(call.int(1))
        ? 1
        : call.userland.files.isOpen(call.int(1))
          ? fail('ENOTTY')
          : fail('EBADF'),
    __sys_getcwd: getcwd,
    __sys_unlink: (call) => at(call, ({ fs, inner, node }) => (node ? fs.unlink(inner) : fail('ENOENT'))),
    __sys_mkdir: (call) =>
      at(call, ({ fs, inner, node }) => (node ? fail('EEXIST') : fs.mkdir(inner, call.int(2)))),
    __sys_rmdir: (call) => at(call, ({ fs, inner, node }) => (node ? fs.rmdir(inner) : fail('ENOENT'))),
  }),
  __sys_read: read,
  __sys_write: write,
};
