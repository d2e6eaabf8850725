/** Programs that walk trees by hand find what the targets show, at the same addresses, in the same order. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from '../cli/testing.ts';
import { objectsOf, WalkSession } from './session.ts';
import type { WalkCase } from './session.ts';

const hand = (name: string): string => join(import.meta.dirname, '../testdata', `hand_${name}.bpf.c`);

function byHand(name: string, world: string, ...options: readonly string[]): bigint[] {
  const { status, stdout, stderr } = iterscope('run', hand(name), '--world', world, ...options);
  expect([status, stderr]).toEqual([0, '']);
  return objectsOf(stdout);
}
const shown = (walk: WalkCase): bigint[] => objectsOf(new WalkSession(walk).readAll(() => 1 << 20));

test('cgroup: first child, next sibling, parent', () => {
  const walk: WalkCase = { target: 'cgroup', world: 'containers', attach: { order: 'pre' } };
  const found = byHand('cgroup', 'containers', '--order', 'self');
  expect(found).toEqual(shown(walk));
  expect(found.length).toBeGreaterThan(4);
});

test('ipv6_route: left, right, the node itself, in the table "main"', () => {
  const found = byHand('ipv6_route', 'sockets', '--tid', '812');
  const all = shown({ target: 'ipv6_route', world: 'sockets' });
  // Table 100 with its two routes comes before it, and every table ends with the same route.
  expect(all.slice(2, 2 + found.length)).toEqual(found);
  expect(found.at(-1)).toBe(all.at(-1));
  expect(found).toHaveLength(7);
});

/** Each of these programs prints what it is shown, and in its last call (dmabuf: its first) what it finds by hand. */
const IN_ONE_RUN: readonly { file: string; world: string; least: number; options?: readonly string[] }[] = [
  { file: 'tcp', world: 'sockets', least: 8 },
  { file: 'udp', world: 'sockets', least: 4 },
  { file: 'netlink', world: 'sockets', least: 3 },
  { file: 'bpf', world: 'sockets', least: 3, options: ['--prog', 'walk_map'] },
  { file: 'bpf', world: 'sockets', least: 3, options: ['--prog', 'walk_prog'] },
  { file: 'bpf', world: 'sockets', least: 1, options: ['--prog', 'walk_link'] },
  { file: 'map_elem', world: 'demo', least: 20, options: ['--map', 'numbers', '--fill', 'numbers:20'] },
  { file: 'map_elem', world: 'demo', least: 8, options: ['--map', 'places', '--fill', 'places:5'] },
  { file: 'sockmap', world: 'sockets', least: 8, options: ['--prog', 'walk_sockets', '--map', 'proxied'] },
  { file: 'sockmap', world: 'sockets', least: 2, options: ['--prog', 'walk_sockets', '--map', 'backends'] },
  { file: 'sockmap', world: 'sockets', least: 1, options: ['--prog', 'walk_storage', '--map', 'sk_bytes'] },
  { file: 'kmem_cache', world: 'graphics', least: 10, options: ['--kernel', '7.0'] },
  { file: 'dmabuf', world: 'graphics', least: 3, options: ['--kernel', '7.0'] },
];
/** A small image whose symbols leave room for their own table, and two programs. */
const SYMBOLS = {
  cpu_number: { addr: '0x1a040', type: 'A', module: '' },
  _stext: { addr: '0xffffffff81000000', type: 'T', module: '' },
  bpf_iter_run_prog: { addr: '0xffffffff81200000', type: 'T', module: '' },
  kallsyms_num_syms: '0xffffffff82100000',
  kallsyms_names: '0xffffffff82100008',
  kallsyms_markers: '0xffffffff82101000',
  kallsyms_token_table: '0xffffffff82101100',
  kallsyms_token_index: '0xffffffff82101400',
  kallsyms_offsets: '0xffffffff82101800',
  kallsyms_relative_base: '0xffffffff82102000',
  bpf_kallsyms: { addr: '0xffffffff82d4d210', type: 'd', module: '' },
};

test('ksym: the table of the image and the list of BPF programs', () => {
  const dir = mkdtempSync(join(tmpdir(), 'iterscope-'));
  const world = join(dir, 'symbols.json');
  const reader = { pid: 1, comm: 'init', fds: [] };
  writeFileSync(world, JSON.stringify({ symbols: SYMBOLS, processes: [reader], reader: 1 }));
  const { status, stdout, stderr } = iterscope('run', hand('ksym'), '--world', world);
  expect([status, stderr]).toEqual([0, '']);
  const of = (kind: string): string[] =>
    stdout.split('\n').flatMap((line) => (line.startsWith(kind) ? [line.slice(2)] : []));
  expect(of('1 ')).toEqual(of('0 '));
  expect(of('0 ')).toHaveLength(Object.keys(SYMBOLS).length + 1);
});

const KALLSYMS = join(import.meta.dirname, '../../recorded/linux-6.12/kernel/kallsyms.gz');

test.for(IN_ONE_RUN)(
  '$file $options: tables and lists of the kernel',
  ({ file, world, least, options = [] }) => {
    const args = [
      'run',
      hand(file),
      '--world',
      world,
      '--kallsyms',
      KALLSYMS,
      '--read-size',
      '65536',
      ...options,
    ];
    const { status, stdout, stderr } = iterscope(...args);
    expect([status, stderr]).toEqual([0, '']);
    const of = (kind: string): string[] =>
      stdout.split('\n').flatMap((l) => (l.startsWith(kind) ? [l.slice(2)] : []));
    expect(of('1 ')).toEqual(of('0 '));
    expect(of('0 ').length).toBeGreaterThanOrEqual(least);
  },
);
