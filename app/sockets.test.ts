/** Sockets as iterators show them, in the world that ships for it. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';

const program = (name: string): string => join(import.meta.dirname, 'testdata', `${name}.bpf.c`);
const run = (name: string, ...options: readonly string[]): string[] => {
  const { status, stdout, stderr } = iterscope('run', program(name), '--world', 'sockets', ...options);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
};

interface SocketInWorld {
  readonly protocol: string;
  readonly ino?: number;
  readonly net?: number;
  readonly state?: string;
}
const world = JSON.parse(readFileSync(join(import.meta.dirname, 'worlds', 'sockets.json'), 'utf8')) as {
  readonly sockets: readonly SocketInWorld[];
};
/** Sockets of a protocol that the reader's namespace has. */
const visible = (protocol: string): readonly SocketInWorld[] =>
  world.sockets.filter((socket) => socket.protocol === protocol && socket.net === undefined);

test.for(['tcp', 'udp'])('%s shows every socket of its namespace once, however small the reads', (target) => {
  const whole = run(`iter_${target}`);
  const count = visible(target).length;
  expect(whole).toHaveLength(count + 1);
  expect(whole.at(-1)).toContain(`end ${count - 1}`);
  for (const size of ['1', '60', '200']) expect(run(`iter_${target}`, '--read-size', size)).toEqual(whole);
});

test('udp goes on with the bucket beside the one that a read ended with', () => {
  // Ports that differ in their last bits are in buckets beside one another.
  const ports = Array.from({ length: 8 }, (_, i) => 8000 + i);
  const path = join(mkdtempSync(join(tmpdir(), 'iterscope-')), 'udp.json');
  writeFileSync(
    path,
    JSON.stringify({
      processes: [{ pid: 1, comm: 'init' }],
      reader: 1,
      sockets: ports.map((port) => ({ protocol: 'udp', local: `0.0.0.0:${port}` })),
    }),
  );
  const read = (size: string): string =>
    iterscope('run', program('iter_udp'), '--world', path, '--read-size', size).stdout;
  const whole = read('4096');
  const buckets = whole.split('\n').slice(0, ports.length).map(Number.parseFloat);
  expect(buckets).toEqual(ports.map((_, i) => (buckets[0] ?? NaN) + i));
  expect(read('1')).toBe(whole);
});

test('tcp shows those that listen first, and knows what is less than a whole socket', () => {
  const lines = run('iter_tcp').slice(0, -1);
  const states = lines.map((line) => Number(line.split(' ')[2]));
  const listening = visible('tcp').filter(({ state }) => state === 'LISTEN').length;
  expect(states.slice(0, listening).every((state) => state === 10)).toBe(true);
  expect(states.slice(listening)).not.toContain(10);
  const of = (state: number): string[] => lines.filter((line) => line.includes(` ${state} uid=`));
  expect(of(6)).toHaveLength(3);
  expect(of(6).every((line) => / uid=0 .* timewait :\d+$/.test(line))).toBe(true);
  expect(of(12)).toEqual([expect.stringMatching(/ uid=0 :80 -> 203\.0\.113\.200:1029 request mss=536$/)]);
  expect(of(1).every((line) => line.endsWith(' tcp cubic waiting=0'))).toBe(true);
});

test('a destroyed connection is shown no more, and nothing else is missed for it', () => {
  const ended = (lines: readonly string[]): string[] =>
    lines.filter((line) => line.endsWith('state=7 err=0'));
  const whole = run('tcp_destroy');
  expect(ended(whole)).toHaveLength(4);
  expect(run('tcp_destroy', '--read-size', '1')).toEqual(whole);
  // Two sessions that are read in turns: each connection ends once, whoever comes first.
  const shared = run('tcp_destroy', '--sessions', '2', '--read-size', '1');
  expect(ended(shared).toSorted()).toEqual(ended(whole).toSorted());
  const others = whole.length - ended(whole).length;
  expect(shared).toHaveLength(2 * others + ended(whole).length);
});

test('options of a TCP socket are set and read back as setsockopt(2) would', () => {
  const tcp = '1: 0 0 1, 4: 7200 0 60, 6: 9 -22 9, 18: 0 0 30000, 27: 0 0 2, ';
  const line = `unknown -2, reno 0, ${tcp}rcvbuf 200000 keepalive 1, no such option -22`;
  expect(run('tcp_options')).toEqual([line, line, line]);
});

test('options of a socket that TCP has not, or only BPF has', () => {
  const dir = mkdtempSync(join(tmpdir(), 'iterscope-'));
  const at = join(dir, 'world.json');
  const listens = (local: string) => ({ protocol: 'tcp', local, state: 'LISTEN' });
  const sockets = [listens('127.0.0.1:80'), listens('[::1]:81')];
  writeFileSync(at, JSON.stringify({ processes: [{ pid: 1, comm: 'init' }], sockets }));
  const { stdout, stderr } = iterscope('run', program('socket_options'), '--world', at);
  expect(stderr).toBe('');
  const refused = (name: number): string => `${name}: -22 -22 -22`;
  const tcp = [
    '1001: -22 0 -22',
    '1002: -22 -22 -22',
    '1003: -22 -22 -22',
    '1004: -22 0 -22',
    '1008: 0 -22 0',
    '1008: 0 0 65',
  ];
  const device = ['-19, 0 1, -22', '62: 1 -22 1', '0 0'];
  const four = ['1: 0 0 16', 'priority 6', refused(67), refused(67), refused(70)];
  const six = [refused(1), 'priority 0', '67: 0 -22 0', '67: 0 0 44', '70: 1 0 0'];
  expect(stdout.trimEnd().split('\n')).toEqual([...four, ...tcp, ...device, ...six, ...tcp, ...device]);
});

test('unix finds what a walk of the table by hand finds, in that order', () => {
  const lines = run('iter_unix');
  expect(lines).toHaveLength(visible('unix').length);
  expect(run('hand_unix')).toEqual(lines);
});

test('unix loses the sockets that wait when a read ends, with the rest of their bucket', () => {
  const whole = run('iter_unix');
  const bucketOf = (line: string): string => line.replace(/ .*/, '');
  const shown: string[] = [];
  // Each read of one byte shows one socket; the one that waits then is lost with its bucket.
  for (let i = 0; i < whole.length;) {
    shown.push(whole[i] ?? '');
    const lost = bucketOf(whole[i + 1] ?? '');
    for (i++; i < whole.length && bucketOf(whole[i] ?? '') === lost;) i++;
  }
  expect(shown.length).toBeLessThan(whole.length);
  expect(run('iter_unix', '--read-size', '1')).toEqual(shown);
});

test('every open socket leads to its sock, and from there back to the file', () => {
  const lines = run('file_sockets');
  const open = new Set(lines.map((line) => line.split(' ')[0]));
  expect(lines.every((line) => line.endsWith(' 1 1'))).toBe(true);
  const owned = world.sockets.filter(({ ino, protocol }) => ino !== undefined && protocol !== 'netlink');
  expect(owned.filter(({ ino }) => !open.has(String(ino)))).toEqual([]);
});
