/** Any changes in any order are refused by field, or leave a machine whose bytes agree with each other. */
import kernelBtf from 'virtual:kernel-btf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Btf } from '../../btf/parse.ts';
import { makeWorld } from '../build_world.ts';
import { checkImage } from '../check_image.ts';
import { parseWorld, WorldError } from '../world.ts';
import { applyChange } from './index.ts';

const btf = Btf.parse(kernelBtf);
const at = fc.constant({ call: 0 });
const pid = fc.constantFrom(5, 9, 5, 9, 10, 11, 1);
const fd = fc.integer({ min: 0, max: 4 });
const address = fc.integer({ min: 1, max: 12 }).map((n) => `0x${(n * 4096).toString(16)}`);
const range = { at, pid, start: address, end: address };
const perms = fc.constantFrom('rw-p', 'r--p', 'r-xp');
const file = fc
  .constantFrom('/tmp/a', 'anon_inode:[eventfd]', 'pipe:[7]')
  .map((path) => ({ path, flags: '02' }));
const kind = <T extends string>(word: T) => fc.constant(word);
const change = fc.oneof(
  fc.record({ at, do: kind('fork'), pid, shares: fc.subarray(['vm', 'files', 'fs'] as const) }),
  fc.record({ at, do: kind('thread'), pid }),
  fc.record({ at, do: kind('exec'), pid, exe: fc.constant('/bin/x') }),
  fc.record({ at, do: kind('exit'), pid }),
  fc.record({ at, do: kind('exit_thread'), pid }),
  fc.record({ at, do: kind('wait'), pid }),
  fc.record({ at, do: kind('open'), pid, cloexec: fc.boolean(), file }),
  fc.record({ at, do: kind('close'), pid, fd }),
  fc.record({ at, do: kind('dup'), pid, fd, to: fd }),
  fc.record({ ...range, do: kind('mmap'), perms, name: fc.constantFrom('', '/tmp/a') }),
  fc.record({ ...range, do: kind('munmap') }),
  fc.record({ ...range, do: kind('mprotect'), perms }),
);
const process = (id: number) => ({
  pid: id,
  comm: 'x',
  mm: { vmas: [{ start: '0x2000', end: '0x6000', perms: 'rw-p' }] },
});

test('after every change of a random script the image holds', () => {
  let made = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (script) => {
      const world = parseWorld({ processes: [1, 5, 9].map(process), reader: 1, script });
      const built = { ...makeWorld(world, { btf }), maps: null };
      for (const [i, each] of world.script.entries()) {
        try {
          applyChange(built, each, `.script[${i}]`, () => made++);
        } catch (error) {
          if (!(error instanceof WorldError)) throw error;
        }
        expect(checkImage(built.kernel)).toEqual([]);
      }
    }),
    { numRuns: 100, seed: 6012 },
  );
  expect(made).toBeGreaterThan(200);
});
