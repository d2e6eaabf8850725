/** Numbers of BPF objects, as the kernel's own table has them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { XArray } from '../kernel/xarray.ts';
import { emptyKernel } from '../vm/testing.ts';
import { IdTable } from './ids.ts';

interface Numbered {
  readonly id: number;
  readonly addr: bigint;
}
const INT_MAX = 0x7fff_ffff;

test('a number is not given again before all others were', () => {
  const kernel = emptyKernel();
  const table = new IdTable<Numbered>(kernel, 'map_idr');
  const make = (id: number): Numbered => ({ id, addr: kernel.mem.alloc(8) });
  expect([table.alloc(make).id, table.alloc(make).id]).toEqual([1, 2]);
  table.remove(2);
  expect(table.alloc(make).id).toBe(3);
  table.startAt(INT_MAX);
  expect([table.alloc(make).id, table.alloc(make).id]).toEqual([INT_MAX, 2]);
});

test('the table finds what was put in and not taken out, in order, and the tree at the symbol has the same', () => {
  const steps = fc.array(fc.oneof(fc.constant('new' as const), fc.nat(300)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5000 }), (all, first) => {
      const kernel = emptyKernel();
      const table = new IdTable<Numbered>(kernel, 'map_idr');
      table.startAt(first);
      const alive = new Map<number, bigint>();
      for (const step of all) {
        if (step === 'new') {
          const { id, addr } = table.alloc((nr) => ({ id: nr, addr: kernel.mem.alloc(8) }));
          alive.set(id, addr);
        } else if (alive.delete(first + step)) table.remove(first + step);
      }
      const expected = [...alive].map(([index, entry]) => ({ index, entry }));
      const tree = new XArray(kernel, kernel.object('map_idr', 'idr').sub('idr_rt'));
      expect([...tree.entries()]).toEqual(expected);
      const walked: number[] = [];
      for (let at = table.atLeast(0); at; at = table.atLeast(at.id + 1)) walked.push(at.object.id);
      expect(walked).toEqual([...alive.keys()]);
    }),
  );
});
