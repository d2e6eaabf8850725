/** Open files of tasks. Source: fs/file.c, include/linux/file.h, Linux 6.12. */
import { fput, getFile } from '../../kernel/objects/file.ts';
import { fgetTask, fgetTaskNext, fileAtFd } from '../../kernel/objects/files.ts';
import type { View } from '../../kernel/view.ts';
import { functions } from '../call.ts';
import type { KernelCall } from '../call.ts';

function taken(call: KernelCall, file: View | null): bigint {
  if (!file) return 0n;
  call.take('file', file.addr, '');
  return file.addr;
}

export const FILE_FUNCTIONS = functions({
  'struct file *fget_task(struct task_struct *task, unsigned int fd)': (call) =>
    taken(call, fgetTask(call.kernel, call.struct('task_struct', 1), call.size(2))),
  'struct file *fget_task_next(struct task_struct *task, unsigned int *fd)': (call) => {
    const from = Number(call.load(call.arg(2), 4));
    const found = fgetTaskNext(call.kernel, call.struct('task_struct', 1), from);
    if (found) call.kernel.mem.setU32(call.arg(2), found.fd);
    return taken(call, found?.file ?? null);
  },
  'struct file *files_lookup_fd_rcu(struct files_struct *files, unsigned int fd)': (call) =>
    fileAtFd(call.kernel, call.struct('files_struct', 1), call.size(2))?.addr ?? 0n,
  'struct file *get_file(struct file *file)': (call) => taken(call, getFile(call.struct('file', 1))),
  'void fput(struct file *file)': (call) => {
    const file = call.struct('file', 1);
    if (call.give('file', file.addr)) fput(call.kernel, file);
  },
});
