/**
 * What one object costs in each of the 18 targets, on a machine that has as many of every kind: a program prints
 * one short line for each. The yardstick is `task`, measured in the same run.
 */
import { objectsOf, WalkSession } from '../app/walks/session.ts';
import type { WalkCase } from '../app/walks/session.ts';
import type { WorldInput } from '../src/engine/kernel/world.ts';
import { must } from '../src/shared/assert.ts';
import { inProcess, race } from './measure.ts';
import { figure, ms, perSecond, times } from './report.ts';
import type { Group } from './report.ts';

const ROUNDS = 3;
const READ = 65_536;
const YARDSTICK = 'task';

const range = <T>(count: number, one: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => one(i));
const hex = (n: number): string => `0x${n.toString(16)}`;

/** A machine with about `n` objects of every kind, most of them in no process. */
function crowded(n: number): WorldInput {
  const port = (i: number): string => `10.${i >> 14}.${(i >> 6) & 255}.${i & 63}:${1024 + (i % 60_000)}`;
  const vmas = range(n, (i) => ({
    start: hex(0x40_0000 + i * 0x3000),
    end: hex(0x40_1000 + i * 0x3000),
    perms: 'rw-p',
  }));
  const fds = range(n, (fd) => ({ fd, file: { path: `/srv/file${fd}`, flags: '0100000' } }));
  return {
    release: '7.0',
    symbols: Object.fromEntries(range(n, (i) => [`symbol_${i}`, hex(0xffff_8100 * 2 ** 16 + i * 64)])),
    cgroups: range(n, (i) => ({ path: `/slice${i % 50}/unit${i}` })),
    sockets: [
      ...range(n, (i) => ({
        protocol: 'tcp' as const,
        local: '10.9.9.9:80',
        remote: port(i),
        state: 'ESTABLISHED' as const,
        ino: 100_000 + i,
      })),
      ...range(n, (i) => ({ protocol: 'udp' as const, local: port(i) })),
      ...range(n, (i) => ({ protocol: 'unix' as const, name: `@name${i}` })),
      ...range(n, (i) => ({ protocol: 'netlink' as const, family: 0, portid: 1000 + i })),
    ],
    routes: range(n, (i) => ({ dst: `2001:db8:${(i + 1).toString(16)}::/48`, dev: 'eth0' })),
    slabCaches: range(n, (i) => ({ name: `cache${i}`, objectSize: 8 * (1 + (i % 64)) })),
    dmaBufs: range(n, (i) => ({ exporter: 'system', size: 4096, ino: 10 + i })),
    maps: [
      {
        name: 'sk_bytes',
        type: 'sk_storage',
        valueSize: 8,
        entries: range(n, (i) => ({ socket: 100_000 + i, value: i })),
      },
    ],
    processes: [
      { pid: 1, comm: 'init', fds, mm: { vmas } },
      ...range(n, (i) => ({ pid: i + 2, comm: `task${i % 100}`, ppid: 1, kthread: true })),
      { pid: n + 2, comm: 'reader', fds: fds.slice(0, 3) },
    ],
    reader: n + 2,
  };
}

/** How each target is attached; those whose objects are BPF's own have few. */
const WALKS: readonly Omit<WalkCase, 'world' | 'text'>[] = [
  { target: 'task' },
  { target: 'task_file' },
  { target: 'task_vma' },
  { target: 'bpf_map' },
  { target: 'bpf_prog' },
  { target: 'bpf_link' },
  { target: 'bpf_map_elem', attach: { map: 'places' }, fill: 16 },
  { target: 'bpf_sk_storage_map', attach: { map: 'sk_bytes' } },
  { target: 'sockmap', attach: { map: 'proxied' } },
  { target: 'cgroup', attach: { order: 'pre' } },
  { target: 'ksym' },
  { target: 'tcp' },
  { target: 'udp' },
  { target: 'unix' },
  { target: 'netlink' },
  { target: 'ipv6_route' },
  { target: 'kmem_cache' },
  { target: 'dmabuf' },
];
/** A cgroup walk must fit one read: it shows what does, and then fails. */
const ONE_READ: ReadonlySet<string> = new Set(['cgroup']);

interface Cost {
  readonly target: string;
  readonly objects: number;
  /** Milliseconds of one walk. */
  readonly cold: number;
  readonly warm: number;
}

function costOf(walk: Omit<WalkCase, 'world' | 'text'>, text: string): Cost {
  const { target } = walk;
  const session = new WalkSession({ ...walk, world: 'crowded', text });
  const once = (): string => {
    session.reopen();
    return ONE_READ.has(target) ? session.read(READ).text : session.readAll(() => READ);
  };
  const objects = objectsOf(once()).length;
  const { found } = race({ found: inProcess(once) }, ROUNDS);
  return { target, objects, cold: found.cold, warm: found.warm };
}

/** @param n objects of each kind that a world can be given */
export function targetsGroup(n: number): Group {
  const text = JSON.stringify(crowded(n));
  const costs = WALKS.map((walk) => costOf(walk, text));
  const perObject = ({ warm, objects }: Cost): number => (warm / objects) * 1000;
  const yardstick = perObject(
    must(
      costs.find(({ target }) => target === YARDSTICK),
      YARDSTICK,
    ),
  );
  return {
    title: `Every target, up to ${n} objects`,
    columns: ['objects', 'cold', 'warm', 'objects per second', 'one object', `beside ${YARDSTICK}`],
    rows: costs.map((cost) => ({
      what: cost.target,
      cells: [
        String(cost.objects),
        ms(cost.cold),
        ms(cost.warm),
        perSecond((cost.objects / cost.warm) * 1000),
        `${figure(perObject(cost))} µs`,
        times(perObject(cost) / yardstick),
      ],
    })),
    metrics: costs
      .filter(({ target, objects }) => target !== YARDSTICK && objects >= n / 2)
      .map((cost) => ({
        name: `targets: one object of ${cost.target} / one of ${YARDSTICK}, ${n} objects`,
        value: perObject(cost) / yardstick,
        better: 'lower' as const,
        tolerance: 3,
      })),
    notes: [
      'Walks are recorded. A cgroup walk shows what fits one read; BPF objects and map places are few.',
    ],
  };
}
