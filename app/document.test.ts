/** The session that the kernel's document "BPF Iterators" shows, through the command line. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';

const PROGRAM = join(import.meta.dirname, 'examples', 'task_file.bpf.c');
const HEADER = '    tgid      gid       fd      file\n';
/** What the document shows for PID 1859: a fact, not our output. */
const FOPS = [
  'ffffffff82270aa0',
  'ffffffff82270aa0',
  'ffffffff82270aa0',
  'ffffffff82272980',
  'ffffffff8225e120',
  'ffffffff82255120',
  'ffffffff82254f00',
  'ffffffff82254d80',
  'ffffffff8225abe0',
];
const row = (pid: number, fd: number, fops: string): string =>
  `${String(pid).padStart(8)} ${String(pid).padStart(8)} ${String(fd).padStart(8)} ${fops}\n`;
const TABLE = HEADER + FOPS.map((fops, fd) => row(1859, fd, fops)).join('');

test('with --pid 1859, the nine rows of the document', () => {
  const said = iterscope('run', PROGRAM, '--world', 'docs', '--pid', '1859');
  expect(said).toEqual({ status: 0, stdout: TABLE, stderr: '' });
});

test('without --pid, every process; the same nine rows among them', () => {
  const { stdout, status } = iterscope('run', PROGRAM, '--world', 'docs');
  expect(status).toBe(0);
  const rows = stdout.split('\n').filter((line) => line !== '');
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((line) => line.startsWith('    1859 ')).join('\n')).toBe(
    TABLE.slice(HEADER.length).trimEnd(),
  );
});

test('filtering in the program gives the same rows after many more calls', () => {
  const filtered = iterscope('run', PROGRAM, '--world', 'docs', '--set', 'target_pid=1859');
  expect(filtered).toEqual({ status: 0, stdout: TABLE, stderr: '' });
});

test('a shuffled world gives the shuffled table', () => {
  const world = JSON.parse(readFileSync(join(import.meta.dirname, 'worlds', 'docs.json'), 'utf8')) as {
    symbols: Record<string, string | { addr: string }>;
    processes: { pid: number; fds?: { fd: number; file: unknown }[] }[];
  };
  // Every symbol moves by a whole number of pages, the process gets another number, its files other fds.
  const move = (addr: string): string => `0x${(BigInt(addr) + 0x3000n).toString(16)}`;
  for (const [name, symbol] of Object.entries(world.symbols))
    world.symbols[name] = typeof symbol === 'string' ? move(symbol) : { ...symbol, addr: move(symbol.addr) };
  const process = world.processes.find(({ pid }) => pid === 1859);
  if (!process?.fds) throw new Error('docs.json has no process 1859');
  process.pid = 2718;
  const order = process.fds.map(({ fd }) => fd);
  process.fds.forEach((entry, i) => (entry.fd = order.at(-1 - i) ?? 0));
  process.fds.sort((a, b) => a.fd - b.fd);
  const file = join(mkdtempSync(join(tmpdir(), 'iterscope-')), 'shuffled.json');
  writeFileSync(file, JSON.stringify(world));

  const moved = FOPS.map((fops) => (BigInt(`0x${fops}`) + 0x3000n).toString(16)).toReversed();
  const { stdout, stderr } = iterscope('run', PROGRAM, '--world', file, '--pid', '2718');
  expect(stderr).toBe('');
  expect(stdout).toBe(HEADER + moved.map((fops, fd) => row(2718, fd, fops)).join(''));
});

test.for([1, 7, 100, 4096])('reads of %i bytes give the same bytes', (size) => {
  const { stdout } = iterscope(
    'run',
    PROGRAM,
    '--world',
    'docs',
    '--pid',
    '1859',
    '--read-size',
    String(size),
  );
  expect(stdout).toBe(TABLE);
});
