/** Objects that clang made: the verifier says of them, word for word, what Linux 6.12 said. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Errno } from '../../shared/errno.ts';
import { Btf } from '../btf/parse.ts';
import { Symbols } from '../kernel/symbols.ts';
import { openObject } from '../libbpf/open.ts';
import type { VerifyResult } from './request.ts';
import { verifyObject } from './testing/verify_sys.ts';

const recordedRoot = join(import.meta.dirname, '../../../recorded/linux-6.12');
const gunzip = (path: string): Uint8Array =>
  new Uint8Array(gunzipSync(readFileSync(join(recordedRoot, path))));
const vmlinux = Btf.parse(gunzip('kernel/vmlinux.btf.gz'));
const symbols = Symbols.parse(new TextDecoder().decode(gunzip('kernel/kallsyms.gz')));

const lab = { btf: vmlinux, symbols };

/** Every program of an object, up to the first that is refused. */
function verifyBytes(bytes: Uint8Array, path: string, logLevel: number): readonly VerifyResult[] {
  const opened = openObject(bytes, { path });
  return opened.ok ? verifyObject(opened.object, { kernel: lab, logLevel }).results : [];
}

const caseObject = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(join(recordedRoot, 'cases', name, `${name}.clang.o`)));

interface Recorded {
  readonly verdict: string;
  readonly errno: number;
  readonly log1: string;
  readonly log2: string;
}
const recorded = new Map(
  readdirSync(join(recordedRoot, 'cases'))
    .filter((name) => !name.includes('.'))
    .map((name) => [
      name,
      JSON.parse(readFileSync(join(recordedRoot, 'cases', name, 'linux.json'), 'utf8')) as Recorded,
    ]),
);
/** Cases that reached the kernel's verifier; one ran into the limit and was recorded with statistics only. */
const atLimit = 'loop_unbounded';
const verified = [...recorded].filter(([name, { log1 }]) => log1 !== '' && name !== atLimit);

/** Cases whose object stands one line further down than the source that was recorded. */
const MOVED_LINES: ReadonlySet<string> = new Set(['dpath_task_iter']);

/** Addresses of maps and values are the machine's. */
const comparable = (name: string, log: string): string => {
  const text = log.replace(/= 0xff[0-9a-f]{14}/g, '= ADDRESS');
  return MOVED_LINES.has(name) ? text.replace(/(@ \S+):\d+/g, '$1') : text;
};

test.for(verified)('%s: verdict, errno and log at level 1 are those of Linux', ([name, want]) => {
  const results = verifyBytes(caseObject(name), `/lab/obj/${name}.o`, 1);
  const last = results.at(-1)?.errno ?? null;
  expect(last === null ? 0 : Errno[last]).toBe(want.errno);
  expect(comparable(name, results[0]?.log ?? '')).toBe(comparable(name, want.log1));
});

/** Recorded text over 60 kB was cut in the middle; both ends are compared. */
test.for(verified)('%s: log at level 2 is that of Linux', ([name, want]) => {
  const [result] = verifyBytes(caseObject(name), `/lab/obj/${name}.o`, 2);
  const got = comparable(name, result?.log ?? '');
  const log2 = comparable(name, want.log2);
  const end = want.log2.length < 60_000 ? Infinity : 29_000;
  expect(got.slice(0, end)).toBe(log2.slice(0, end));
  expect(got.slice(-29_000)).toBe(log2.slice(-29_000));
});

test('a loop that cannot be bounded ends at a million instructions, with the state counts of Linux', () => {
  const want = recorded.get(atLimit);
  const [result] = verifyBytes(caseObject(atLimit), `/lab/obj/${atLimit}.o`, 4);
  const timeless = (log: string): string => log.replace(/time \d+ usec/, 'time');
  expect(result?.errno).toBe('E2BIG');
  expect(timeless(result?.log ?? '')).toBe(timeless(want?.log1 ?? ''));
}, 300_000);
