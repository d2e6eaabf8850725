/** Every block in cases/ is a program in assembly with the verdict and the message that Linux gives it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { parseRelease } from '../abi/releases.ts';
import { MapType } from '../abi/uapi.ts';
import { Btf } from '../btf/parse.ts';
import { ofRelease } from '../btf/since.ts';
import { asmRequest, mapInfo } from './testing/asm.ts';
import { parseCases } from './testing/cases.ts';
import { verify } from './verify.ts';

const recorded = join(import.meta.dirname, '../../../recorded/linux-6.12/kernel/vmlinux.btf.gz');
const recordedBtf = Btf.parse(new Uint8Array(gunzipSync(readFileSync(recorded))));
/** What no recording has comes from the kernel that ships. */
const shippedBtf = Btf.parse(kernelBtf);
const maps = {
  a: mapInfo('a', { valueSize: 64 }),
  hash: mapInfo('hash', { type: MapType.HASH, valueAddress: null, maxEntries: 8 }),
  lock: mapInfo('lock', { valueSize: 16, fields: [{ kind: 'bpf_spin_lock', offset: 8, size: 4 }] }),
  rb: mapInfo('rb', {
    type: MapType.RINGBUF,
    keySize: 0,
    valueSize: 0,
    maxEntries: 4096,
    valueAddress: null,
  }),
  queue: mapInfo('queue', { type: MapType.QUEUE, keySize: 0, valueSize: 8, valueAddress: null }),
  progs: mapInfo('progs', { type: MapType.PROG_ARRAY, valueSize: 4, valueAddress: null }),
  // BPF_F_RDONLY_PROG
  fixed: mapInfo('fixed', { valueSize: 64, flags: 0x80 }),
};

const directory = join(import.meta.dirname, 'cases');
const cases = readdirSync(directory).flatMap((file) =>
  parseCases(readFileSync(join(directory, file), 'utf8'), file).map((c) => ({ ...c, file })),
);

test.for(cases)('$file: $name', ({ errno, message, options, source }) => {
  const release = parseRelease(options.get('release') ?? '6.12');
  if (!release) throw new Error(`no release ${options.get('release')}`);
  const btf = release.name === '6.12' ? recordedBtf : ofRelease(shippedBtf, release);
  const request = asmRequest(
    source,
    { btf, maps },
    {
      release,
      attach: options.get('attach') ?? 'task',
      sleepable: options.has('sleepable'),
      gplCompatible: options.get('license') !== 'proprietary',
    },
  );
  const result = verify(request);
  const said = result.ok ? '' : (result.log.trimEnd().split('\n').at(-2) ?? '');
  expect([result.errno, said]).toEqual([errno, message]);
});
