/** What threads share beside memory and files. */
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { must } from '../../../shared/assert.ts';
import { Btf } from '../../btf/parse.ts';
import { buildWorld } from '../build_world.ts';
import { parseWorld } from '../world.ts';
import { checkImage } from '../check_image.ts';
import { fput } from './file.ts';
import { openFds, removeFd } from './files.ts';
import { findTaskByPidNs } from './pid.ts';
import { setSpent } from './task.ts';
import { cloneTask } from './task_clone.ts';
import { exitTask, reapTask } from './task_exit.ts';

const RLIMIT_NOFILE = 7;
const FD_KINDS = ['[eventfd]', '[eventpoll]', '[timerfd]', '[signalfd]', 'inotify'];
const boot = () => {
  const fds = FD_KINDS.map((kind, fd) => ({ fd, file: { path: `anon_inode:${kind}` } }));
  const pipe = { path: 'pipe:[77]' };
  fds.push({ fd: 5, file: pipe }, { fd: 6, file: Object.assign({ flags: '01' }, pipe) });
  const world = parseWorld({
    processes: [{ pid: 1, comm: 'init', exe: '/sbin/init', fds }],
    reader: 1,
  });
  const kernel = buildWorld(world, { btf: Btf.parse(kernelBtf) });
  const init = must(findTaskByPidNs(kernel, 1, kernel.object('init_pid_ns', 'pid_namespace')), 'init');
  return { kernel, init, signal: must(init.deref('signal'), 'signal') };
};

test('limits are inherited, and a change is not shared', () => {
  const { kernel, init, signal } = boot();
  const soft = `rlim[${RLIMIT_NOFILE}].rlim_cur`;
  expect(signal.num(soft)).toBe(1024);
  signal.set(soft, 64);
  const child = must(cloneTask(kernel, init).deref('signal'), 'signal');
  signal.set(soft, 4096);
  expect(child.num(soft)).toBe(64);
});

test('time of threads that are gone stays with the process, that of children goes to who waits for them', () => {
  const { kernel, init, signal } = boot();
  const child = cloneTask(kernel, init);
  const thread = cloneTask(kernel, child, { thread: true });
  setSpent(thread, 30, 5);
  exitTask(kernel, thread, 0);
  expect(child.deref('signal')?.num('utime')).toBe(30);
  setSpent(child, 12, 1);
  exitTask(kernel, child, 0);
  expect(signal.num('cutime')).toBe(0);
  reapTask(kernel, child);
  expect([signal.num('cutime'), signal.num('cstime'), signal.num('utime')]).toEqual([42, 6, 0]);
  expect(checkImage(kernel)).toEqual([]);
});

test('what is behind an eventfd, an epoll instance and a pipe goes with the last fd', () => {
  const { kernel, init } = boot();
  const files = must(init.deref('files'), 'files');
  const open = [...openFds(kernel, files)];
  const behind = (fd: number) =>
    must(
      open.find((entry) => entry.fd === fd),
      `fd ${fd}`,
    ).file;
  const epoll = kernel.view('eventpoll', behind(1).ptr('private_data'));
  expect(epoll.ptr('file')).toBe(behind(1).addr);
  const pipe = kernel.view('pipe_inode_info', behind(5).ptr('private_data'));
  expect([pipe.num('readers'), pipe.num('writers'), pipe.num('files')]).toEqual([1, 1, 2]);
  const objects = FD_KINDS.map((_, fd) => behind(fd).ptr('private_data'));
  expect(objects.every((addr) => kernel.mem.isAllocated(addr))).toBe(true);
  const close = (fd: number) => fput(kernel, must(removeFd(kernel, files, fd), `fd ${fd}`));
  close(6);
  expect([pipe.num('readers'), pipe.num('writers')]).toEqual([1, 0]);
  for (let fd = 0; fd <= 5; fd++) close(fd);
  expect([...objects, pipe.addr].some((addr) => kernel.mem.isAllocated(addr))).toBe(false);
});
