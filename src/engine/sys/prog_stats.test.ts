/** Commands of bpf(2) about loaded programs: run statistics, maps that they are bound to, and ways to attach them. */
import { expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import { mapAttr } from '../testing/map_attr.ts';
import { machineOf, readFd } from '../testing/recorded_machine.ts';
import { readFdinfo } from './fdinfo.ts';

const machine = machineOf('map_list');
const { sys, bpf } = machine;
const TRACE_ITER = 28;
const FENTRY = 24;
const prog = machine.progFd();
const readAll = (): void => {
  const iter = bpf.iterCreate(bpf.linkCreate({ progFd: prog, attachType: TRACE_ITER }));
  while (readFd(sys, iter, 4096).ret > 0);
  bpf.close(iter);
};
const stats = () => {
  const info = bpf.objInfo(prog);
  return typeof info !== 'number' && info.kind === 'prog' ? info : null;
};

test('runs are counted while somebody holds an fd of BPF_ENABLE_STATS', () => {
  readAll();
  expect(stats()).toMatchObject({ run_cnt: 0n, run_time_ns: 0n });
  expect(bpf.enableStats(1)).toBe(fail('EINVAL'));
  const [first, second] = [bpf.enableStats(0), bpf.enableStats(0)];
  readAll();
  const maps = BigInt(sys.objects.maps.all().length);
  expect(stats()?.run_cnt).toBe(maps + 1n);
  expect(stats()?.run_time_ns).toBeGreaterThan(0n);
  bpf.close(first);
  readAll();
  expect(stats()?.run_cnt).toBe((maps + 1n) * 2n);
  bpf.close(second);
  readAll();
  expect(stats()?.run_cnt).toBe((maps + 1n) * 2n);
  expect(readFdinfo(sys, prog)).toContain(`run_cnt:\t${(maps + 1n) * 2n}\n`);
});

test('a program holds a map that it is bound to', () => {
  const fd = bpf.mapCreate(mapAttr('ARRAY', { maxEntries: 1, name: 'meta' }));
  const map = bpf.mapInfo(fd);
  const id = typeof map === 'number' ? map : map.id;
  expect(
    [bpf.progBindMap(prog, fd, 1), bpf.progBindMap(prog, 999, 0), bpf.progBindMap(fd, fd)].map(String),
  ).toEqual([String(fail('EINVAL')), String(fail('EBADF')), String(fail('EINVAL'))]);
  expect([bpf.progBindMap(prog, fd), bpf.progBindMap(prog, fd)]).toEqual([0, 0]);
  expect(stats()?.map_ids.filter((one) => one === id)).toEqual([id]);
  bpf.close(fd);
  expect(sys.objects.maps.find(id)?.spec.name).toBe('meta');
});

test('what is no link is not for iterators', () => {
  const attach = (attachType: number, flags = 0) =>
    bpf.progAttach({ progFd: prog, targetFd: 0, attachType, flags });
  expect([attach(TRACE_ITER), attach(6), attach(200), attach(6, 0x100)]).toEqual(
    Array(4).fill(fail('EINVAL')),
  );
  expect(bpf.progAttach({ progFd: 999, targetFd: 0, attachType: 6 })).toBe(fail('EBADF'));
  expect(bpf.progDetach({ progFd: prog, targetFd: 0, attachType: FENTRY })).toBe(fail('EINVAL'));
  expect(bpf.progQuery(999, 6)).toBe(fail('EBADF'));
  expect([bpf.rawTracepointOpen(prog, ''), bpf.rawTracepointOpen(prog, 'sys_enter')]).toEqual([
    fail('EINVAL'),
    fail('EINVAL'),
  ]);
});

test('tokens are not for the initial user namespace', () => {
  expect(bpf.tokenCreate(999)).toBe(fail('EBADF'));
  const [bpffs, cgroups] = [bpf.openDirectory('/sys/fs/bpf'), bpf.openDirectory('/sys/fs/cgroup')];
  expect([bpf.tokenCreate(bpffs), bpf.tokenCreate(cgroups), bpf.tokenCreate(bpffs, 1)]).toEqual([
    fail('EOPNOTSUPP'),
    fail('EINVAL'),
    fail('EINVAL'),
  ]);
});
