/** open, close and dup. Source: fs/open.c, fs/file.c. */
import { must } from '../../../shared/assert.ts';
import type { Kernel } from '../kernel.ts';
import { fileOperations, fput, getFile } from '../objects/file.ts';
import { fileAtFd, installFd, lowestFreeFd, removeFd, reserveFd, settleNextFd } from '../objects/files.ts';
import type { View } from '../view.ts';
import { livingTask, Refused, taskText } from './change.ts';
import type { Change, Changing, Tell } from './change.ts';

export const filesOf = (task: View): View => must(task.deref('files'), 'files of a living task');

/** The file behind an fd that a change is about. @throws Refused */
function fileBehind(kernel: Kernel, task: View, fd: number, field: string): View {
  const file = fileAtFd(kernel, filesOf(task), fd);
  if (!file)
    throw new Refused(field, `fd ${fd} is not open in task ${task.num('pid')} at that moment (EBADF)`);
  return file;
}

/** The file that a walk is read from stays open: without it there is no walk. */
function refuseSession(kernel: Kernel, file: View, field: string): void {
  if (file.ptr('f_op') === fileOperations(kernel, 'bpf_iter_fops'))
    throw new Refused(field, 'this is an iterator file that is being read');
}

/** Puts a file behind a number that is free. */
export function install(kernel: Kernel, task: View, fd: number, file: View, cloexec: boolean): void {
  const files = filesOf(task);
  reserveFd(kernel, files, fd, cloexec);
  installFd(kernel, files, fd, file);
  settleNextFd(files);
}

/** The number a new fd gets: the lowest free one, or the one that was asked for. @throws Refused when it is open */
export function numberFor(kernel: Kernel, task: View, wanted: number | undefined, field = 'fd'): number {
  const fd = wanted ?? lowestFreeFd(filesOf(task));
  if (fileAtFd(kernel, filesOf(task), fd))
    throw new Refused(field, `fd ${fd} is open in task ${task.num('pid')} at that moment`);
  return fd;
}

export function open({ kernel, files }: Changing, change: Change<'open'>, tell: Tell): void {
  const task = livingTask(kernel, change.pid);
  const fd = numberFor(kernel, task, change.fd);
  const file = files.open(change.file, { cred: must(task.deref('cred'), 'cred') });
  install(kernel, task, fd, file, change.cloexec);
  files.watch(file, change.file, (other) => fileAtFd(kernel, filesOf(task), other));
  tell(`${taskText(task)} opened ${change.file.path} as fd ${fd}`);
}

export function close({ kernel }: Changing, change: Change<'close'>, tell: Tell): void {
  const task = livingTask(kernel, change.pid);
  refuseSession(kernel, fileBehind(kernel, task, change.fd, 'fd'), 'fd');
  const file = removeFd(kernel, filesOf(task), change.fd);
  if (file) fput(kernel, file);
  tell(`${taskText(task)} closed fd ${change.fd}`);
}

export function dup({ kernel }: Changing, change: Change<'dup'>, tell: Tell): void {
  const task = livingTask(kernel, change.pid);
  const file = fileBehind(kernel, task, change.fd, 'fd');
  const to = change.to ?? lowestFreeFd(filesOf(task));
  const there = fileAtFd(kernel, filesOf(task), to);
  if (to !== change.fd) {
    if (there) refuseSession(kernel, there, 'to');
    getFile(file);
    const old = removeFd(kernel, filesOf(task), to);
    if (old) fput(kernel, old);
    install(kernel, task, to, file, false);
  }
  tell(`${taskText(task)} duplicated fd ${change.fd} as ${to}`);
}
