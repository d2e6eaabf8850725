/** Single system calls on links and iterator fds, as probes.json recorded them of a real kernel. */
import { describe, expect, test } from 'vitest';
import { Errno } from '../../shared/errno.ts';
import * as bpffs from './bpffs.ts';
import * as files from './files.ts';
import { machineOf, readFd, readJson } from '../testing/recorded_machine.ts';

const recorded = readJson('probes.json') as { call: string; ret: number; errno: number }[];
/** 0 or the negated errno of a recorded call. */
const result = (call: string): number => {
  const probe = recorded.find((p) => p.call === call);
  if (!probe) throw new Error(`no probe '${call}'`);
  return probe.errno === 0 ? 0 : -probe.errno;
};
/** 0 for any success. */
const errno = (ret: number): number => Math.min(ret, 0);

const TRACE_ITER = 28;
/** Prints `session.seq_num pid` for each task, and a line when it begins and ends. */
const PROGRAM = 'task_two_iters';

function open(prog?: string) {
  const machine = machineOf(PROGRAM);
  const { bpf, sys } = machine;
  const progFd = machine.progFd(prog);
  const link = bpf.linkCreate({ progFd, attachType: TRACE_ITER });
  const iter = bpf.iterCreate(link);
  return { ...machine, sys, bpf, prog: progFd, link, iter };
}

describe('an iterator fd', () => {
  test('lseek, pread, write, mmap and poll', () => {
    const { sys, iter } = open();
    expect(files.lseek(sys, iter)).toBe(result('lseek SET 0'));
    expect(files.pread(sys, iter)).toBe(result('pread off 0'));
    expect(files.write(sys, iter)).toBe(result('write'));
    expect(files.mmap(sys, iter)).toBe(result('mmap'));
    expect(files.poll(sys, iter, 1)).toBe(1);
  });

  test('read: nothing for a count of 0, and nothing is lost by a bad address', () => {
    const { sys, iter } = open();
    expect(readFd(sys, iter, 0).ret).toBe(0);
    expect(readFd(sys, iter, 10, true).ret).toBe(result('read bad address'));
    expect(readFd(sys, iter, 10).text).toBe('session 1 ');
  });

  test('a dup shares position and session', () => {
    const { sys, iter } = open();
    const copy = files.dup(sys, iter);
    expect(readFd(sys, iter, 8).text).toBe('session ');
    expect(readFd(sys, copy, 8).text).toBe('1 begins');
    files.close(sys, iter);
    expect(readFd(sys, copy, 100).text).toBe('\n1.0 1\n');
    expect(sys.fds.openSessions).toHaveLength(1);
    files.close(sys, copy);
    expect(sys.fds.openSessions).toHaveLength(0);
  });

  test('reading goes on when the link is closed, and then the link is gone', () => {
    const { sys, bpf, link, iter } = open();
    expect(bpf.getNextId('link', 0)).toBe(1);
    expect(files.close(sys, link)).toBe(0);
    expect(bpf.getNextId('link', 0)).toBe(-Errno.ENOENT);
    expect(readFd(sys, iter, 9).text).toBe('session 1');
  });

  test('BPF_ITER_CREATE on what is no link', () => {
    const { bpf, prog, link } = open();
    expect(bpf.iterCreate(prog)).toBe(result('iter_create on a prog fd'));
    expect(bpf.iterCreate(9999)).toBe(result('iter_create on fd 9999'));
    expect(bpf.iterCreate(link, 1)).toBe(-Errno.EINVAL);
  });
});

describe('a link', () => {
  test('BPF_LINK_CREATE with what it must not have', () => {
    const { bpf, prog: progFd } = open();
    const attachType = TRACE_ITER;
    expect(bpf.linkCreate({ progFd, attachType, targetFd: 1 })).toBe(result('link_create with target_fd=1'));
    expect(bpf.linkCreate({ progFd, attachType, flags: 1 })).toBe(result('link_create flags=1'));
    expect(bpf.linkCreate({ progFd, attachType: 24 })).toBe(result('link_create wrong attach type'));
    expect(bpf.linkCreate({ progFd: 9999, attachType })).toBe(-Errno.EBADF);
  });

  test('BPF_LINK_DETACH and BPF_LINK_UPDATE', () => {
    const { bpf, link, prog } = open();
    expect(bpf.linkDetach(link)).toBe(result('link_detach'));
    expect(bpf.linkUpdate(link, prog)).toBe(0);
    expect(bpf.linkUpdate(link, prog, 0, prog)).toBe(-Errno.EINVAL);
    expect(bpf.linkUpdate(link, prog, 4, prog)).toBe(result('link_update F_REPLACE with right old prog'));
    expect(bpf.linkUpdate(link, prog, 4, 9999)).toBe(-Errno.EBADF);
    expect(bpf.linkUpdate(link, prog, 8)).toBe(-Errno.EINVAL);
    expect(bpf.linkUpdate(prog, prog)).toBe(-Errno.EINVAL);
  });

  test('every reference comes back: fds, links, programs and maps', () => {
    const { sys, bpf, link, iter, prog } = open();
    const program = sys.fds.get('prog', prog);
    if (typeof program === 'number') throw new Error('no program');
    expect(program.aux.num('refcnt')).toBe(3);
    files.close(sys, link);
    files.close(sys, iter);
    expect(program.aux.num('refcnt')).toBe(1);
    for (let fd = 4; fd < prog; fd++) files.close(sys, fd);
    expect(bpf.getNextId('map', 0)).toBe(1);
    files.close(sys, prog);
    expect(bpf.getNextId('prog', 0)).toBe(-Errno.ENOENT);
    expect(bpf.getNextId('map', 0)).toBe(-Errno.ENOENT);
  });
});

describe('a pin', () => {
  const PATH = '/sys/fs/bpf/my_link';
  function pinned() {
    const machine = open();
    bpffs.mountBpffs(machine.sys);
    return { ...machine, pin: (path: string) => machine.bpf.objPin(machine.link, path) };
  }

  test('where it may be', () => {
    const { bpf, pin, iter } = pinned();
    expect(pin(PATH)).toBe(result('pin link'));
    expect(pin(PATH)).toBe(result('pin again same path'));
    expect(pin('/my_link')).toBe(result('pin outside bpffs'));
    expect(pin('/sys/fs/bpf/my.link')).toBe(-Errno.EPERM);
    expect(pin('/sys/fs/bpf/no/my_link')).toBe(-Errno.ENOENT);
    expect(bpf.objPin(iter, '/sys/fs/bpf/iter')).toBe(-Errno.EINVAL);
    expect(bpf.objPin(9999, '/sys/fs/bpf/iter')).toBe(-Errno.EINVAL);
  });

  test('BPF_OBJ_GET gives the link, open gives a session of its own', () => {
    const { sys, bpf, pin } = pinned();
    pin(PATH);
    const link = bpf.objGet(PATH);
    expect(errno(bpf.iterCreate(link))).toBe(result('iter_create on obj_get fd'));
    const first = bpffs.open(sys, PATH, 0);
    const second = bpffs.open(sys, PATH, 0);
    expect(readFd(sys, first, 17).text).toBe('session 3 begins\n');
    expect(readFd(sys, second, 17).text).toBe('session 4 begins\n');
    expect(files.lseek(sys, first)).toBe(result('lseek on opened pin'));
    expect(bpf.objGet('/sys/fs/bpf/none')).toBe(-Errno.ENOENT);
    expect(bpf.objGet(PATH, 8)).toBe(-Errno.EINVAL);
    expect(bpf.objPin(bpf.getFdById('prog', 1), '/sys/fs/bpf/my_prog')).toBe(0);
    expect(bpf.objGet('/sys/fs/bpf/my_prog', 8)).toBeGreaterThan(0);
    expect(bpf.objGet('/sys/fs/bpf/my_prog', 24)).toBe(-Errno.EINVAL);
  });

  test('the link lives as long as a pin, an fd, or a file opened by name', () => {
    const { sys, bpf, pin, link, iter } = pinned();
    pin(PATH);
    files.close(sys, link);
    files.close(sys, iter);
    const opened = bpffs.open(sys, PATH, 0);
    expect(bpffs.unlink(sys, PATH)).toBe(result('unlink pin while open'));
    expect(bpf.getNextId('link', 0)).toBe(1);
    expect(readFd(sys, opened, 9).text).toBe('session 2');
    files.close(sys, opened);
    expect(bpf.getNextId('link', 0)).toBe(-Errno.ENOENT);
  });
});

test('link info tells target, program and parameters', () => {
  const { bpf, prog } = open();
  const iterInfo = new Uint8Array(Uint32Array.from([0, 1, 0]).buffer);
  const link = bpf.linkCreate({ progFd: prog, attachType: TRACE_ITER, iterInfo });
  expect(bpf.linkInfo(link)).toMatchObject({
    type: 4,
    id: 2,
    prog_id: 1,
    target_name: 'task',
    target_name_len: 5,
    pid: 1,
    tid: 0,
  });
  expect(bpf.linkInfo(link, 3)).toBe(-Errno.ENOSPC);
  expect(bpf.linkInfo(prog)).toBe(-Errno.EINVAL);
});
