import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import kernelBtf from 'virtual:kernel-btf';
import { beforeEach, describe, expect, test } from 'vitest';
import { Errno } from '../../shared/errno.ts';
import { Btf } from '../btf/parse.ts';
import { buildWorld } from '../kernel/build_world.ts';
import { checkImage } from '../kernel/check_image.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { unlinkDentry } from '../kernel/objects/dentry.ts';
import { fileAtFd, nextFd } from '../kernel/objects/files.ts';
import { initialNamespace } from '../kernel/objects/namespace.ts';
import { findTaskByPidNs } from '../kernel/objects/pid.ts';
import { parseWorldText } from '../kernel/world.ts';
import type { View } from '../kernel/view.ts';
import { anonInodeFd } from './anon_inode.ts';
import { closeFd, dupFd, dupFdAbove, lookupFd } from './fd_table.ts';
import { pathText } from './path.ts';
import { fdinfo } from './procfs.ts';

const demo = readFileSync(join(import.meta.dirname, '../../../app/worlds/demo.json'), 'utf8');
const btf = Btf.parse(kernelBtf);
let kernel: Kernel;
let reader: View;
beforeEach(() => {
  kernel = buildWorld(parseWorldText(demo), { btf });
  reader = kernel.view('task_struct', kernel.current);
});

const task = (tid: number): View => findTaskByPidNs(kernel, tid, initialNamespace(kernel, 'pid')) as View;
const filesOf = (owner: View): View => owner.deref('files') as View;
const open = (): number =>
  anonInodeFd(kernel, reader, { name: 'bpf-prog', fops: 'bpf_prog_fops', privateData: 0n, flags: 0o2000002 });
const pathAt = (owner: View, fd: number): string =>
  pathText(kernel, (fileAtFd(kernel, filesOf(owner), fd) as View).sub('f_path'));

describe('file descriptors', () => {
  test('open takes the lowest free number, also one that was closed', () => {
    expect([open(), open()]).toEqual([3, 4]);
    expect(closeFd(kernel, reader, 1)).toBe(0);
    expect([open(), open()]).toEqual([1, 5]);
    expect(checkImage(kernel)).toEqual([]);
  });

  test('fcntl gives one that is not below the least, and not taken', () => {
    const fd = open();
    expect(dupFdAbove(kernel, reader, fd, 40)).toBe(40);
    expect(dupFdAbove(kernel, reader, fd, 40)).toBe(41);
    expect(lookupFd(kernel, reader, 41)?.addr).toBe(lookupFd(kernel, reader, fd)?.addr);
    expect(dupFdAbove(kernel, reader, 99, 40)).toBe(-Errno.EBADF);
    expect(dupFdAbove(kernel, reader, fd, 1 << 20)).toBe(-Errno.EMFILE);
  });
  test('dup gives one more number for the same file', () => {
    const fd = open();
    const copy = dupFd(kernel, reader, fd);
    expect(lookupFd(kernel, reader, copy)?.addr).toBe(lookupFd(kernel, reader, fd)?.addr);
    expect(lookupFd(kernel, reader, fd)?.num('f_count')).toBe(2);
    expect(closeFd(kernel, reader, fd)).toBe(0);
    expect(lookupFd(kernel, reader, copy)?.num('f_count')).toBe(1);
  });

  test('what is not open is EBADF', () => {
    expect(closeFd(kernel, reader, 99)).toBe(-Errno.EBADF);
    expect(dupFd(kernel, reader, -1)).toBe(-Errno.EBADF);
  });

  test('the table grows past 64 and keeps what is in it', () => {
    const fds = Array.from({ length: 300 }, open);
    expect(fds.at(-1)).toBe(302);
    const fdt = filesOf(reader).deref('fdt');
    expect(fdt?.num('max_fds')).toBe(512);
    expect(fdt?.addr).not.toBe(filesOf(reader).at('fdtab'));
    expect(nextFd(kernel, filesOf(reader), 300)?.fd).toBe(300);
    expect(checkImage(kernel)).toEqual([]);
  });

  test('1024 is the limit: EMFILE', () => {
    const fds = Array.from({ length: 1022 }, open);
    expect(fds.slice(-2)).toEqual([1023, -Errno.EMFILE]);
  });
});

describe('paths as /proc/PID/fd shows them', () => {
  test.each([
    [412, 1, '/var/log/httpd/access.log'],
    [412, 3, 'socket:[21840]'],
    [412, 5, 'anon_inode:[eventfd]'],
    [841, 0, 'pipe:[30551]'],
    [731, 0, '/dev/pts/0'],
    [911, 3, '/srv/data/state (deleted)'],
    [900, 5, 'anon_inode:[pidfd]'],
  ])('fd of %i: %i is %s', (tid, fd, text) => {
    expect(pathAt(task(tid), fd)).toBe(text);
  });

  test('an unlinked file that is still open is (deleted)', () => {
    const file = fileAtFd(kernel, filesOf(task(412)), 8) as View;
    unlinkDentry(kernel, file.deref('f_path.dentry') as View);
    expect(pathAt(task(412), 8)).toBe('/var/www/index.html (deleted)');
  });

  test('BPF files are anonymous inodes', () => {
    expect(pathAt(reader, open())).toBe('anon_inode:bpf-prog');
  });
});

test('fdinfo begins with position, flags, mount and inode', () => {
  expect(fdinfo(kernel, task(412), 1)).toBe('pos:\t18231\nflags:\t0102001\nmnt_id:\t1\nino:\t40211\n');
  expect(fdinfo(kernel, reader, open())).toBe('pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1024\n');
  expect(fdinfo(kernel, reader, 77)).toBeNull();
});
