/** scripts/snapshot.sh on this very machine: real processes become a file, and the file a world. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importRecorded } from '../src/engine/kernel/import_recorded.ts';
import { readWorld } from '../src/engine/machine/boot.ts';
import { iterscope } from './cli/testing.ts';
import { resources } from './resources.ts';

const script = join(import.meta.dirname, '../scripts/snapshot.sh');
const folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
const file = join(folder, 'secret-plans.txt');
let child: ChildProcess;
let server: Server;

beforeAll(async () => {
  writeFileSync(file, 'x');
  const fd = openSync(file, 'r');
  child = spawn('sleep', ['60'], { stdio: [fd, 'ignore', 'ignore'] });
  server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  child.kill();
  server.close();
  rmSync(folder, { recursive: true });
});

/** The script reads some ten files of each task: a machine may have thousands, and be busy. */
const MANY_PROCESSES_MS = 120_000;

const snapshot = (...words: string[]): string => {
  const { stdout, status } = spawnSync('sh', [script, ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
  expect(status).toBe(0);
  return stdout;
};
const sleeper = (text: string) =>
  importRecorded(JSON.parse(text)).processes.find(({ pid }) => pid === child.pid);

test(
  'a process, its open file and a listening socket are in the world',
  () => {
    const text = snapshot();
    const world = readWorld({ name: 'mine', text }, resources);
    expect(sleeper(text)).toMatchObject({ comm: 'sleep', ppid: process.pid });
    expect(JSON.stringify(world.files)).toContain(file);
    const port = (server.address() as AddressInfo).port;
    expect(world.sockets).toContainEqual(
      expect.objectContaining({ protocol: 'tcp', state: 'LISTEN', local: `127.0.0.1:${port}` }),
    );
    const path = join(folder, 'mine.json');
    writeFileSync(path, text);
    const { status, stdout } = iterscope(
      'run',
      join(import.meta.dirname, 'examples/task.bpf.c'),
      '--world',
      path,
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`\\b${child.pid}\\b.*sleep`));
  },
  MANY_PROCESSES_MS,
);

test(
  'what is left out is nowhere in the file',
  () => {
    const text = snapshot('--no-names', '--no-paths', '--no-addresses');
    expect(text).not.toContain('secret-plans');
    expect(text).not.toContain('"sleep"');
    const own = sleeper(text);
    expect(own).toBeDefined();
    expect(own?.comm).not.toBe('sleep');
    expect(text).not.toContain(
      `${(server.address() as AddressInfo).port.toString(16).toUpperCase()} 00000000:0000 0A`,
    );
  },
  MANY_PROCESSES_MS,
);

test(
  'it starts no more programs for more processes',
  () => {
    const started = (): number => {
      const tools = mkdtempSync(join(folder, 'bin-'));
      const log = join(tools, 'started');
      for (const tool of ['find', 'stat', 'grep', 'sort', 'readlink', 'ls', 'cat', 'awk'])
        writeFileSync(
          join(tools, tool),
          `#!/bin/sh\necho ${tool} >> ${log}\nPATH=\${PATH#*:}\nexec ${tool} "$@"\n`,
          { mode: 0o755 },
        );
      const { status } = spawnSync('sh', [script, '--no-addresses'], {
        env: { ...process.env, PATH: `${tools}:${process.env['PATH'] ?? ''}` },
        stdio: 'ignore',
      });
      expect(status).toBe(0);
      return readFileSync(log, 'utf8').trim().split('\n').length;
    };
    const before = started();
    const more = Array.from({ length: 40 }, () => spawn('sleep', ['60'], { stdio: 'ignore' }));
    const after = started();
    for (const each of more) each.kill();
    expect(before).toBeGreaterThan(3);
    // Names of descriptors go to stat by the hundred kilobytes, and others' processes come and go.
    expect(after - before).toBeLessThan(10);
  },
  MANY_PROCESSES_MS,
);

test('an option that it does not know is refused', () => {
  const { status, stderr } = spawnSync('sh', [script, '--no-such'], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain('usage: snapshot.sh');
});
