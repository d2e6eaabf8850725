import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import { EngineBug } from '../../shared/assert.ts';
import { emptyKernel } from '../vm/testing.ts';
import { Bpf } from './bpf.ts';
import type { BpfMap, MapSpec } from './map.ts';
import { MAP_KINDS } from './maps/index.ts';
import { HashMap } from './maps/hash.ts';
import { RingbufMap } from './maps/ringbuf.ts';
import { bytesOf, callHelper, placeBytes } from './testing.ts';

const kernel = emptyKernel();
const bpf = new Bpf(kernel, { cpus: 2 });
const TYPE = Object.fromEntries([...MAP_KINDS].map(([type, { name }]) => [name, type]));

function make(kind: string, spec: Partial<MapSpec> = {}): BpfMap {
  const whole = {
    type: TYPE[kind] ?? 0,
    name: kind.slice(0, 15),
    keySize: 4,
    valueSize: 8,
    maxEntries: 4,
    flags: 0,
    ...spec,
  };
  const found = MAP_KINDS.get(whole.type);
  if (!found) throw new EngineBug(`no map kind ${kind}`);
  expect(found.check(whole)).toBe(0);
  return found.make({ kernel, spec: whole, id: 1, cpus: bpf.cpus });
}

const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
const u64 = (n: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);
const value = (map: BpfMap, key: number): number | null => {
  const bytes = map.read(u32(key));
  return bytes && Number(new DataView(bytes.buffer).getBigUint64(0, true));
};
const keys = (map: BpfMap): number[] => {
  const out: number[] = [];
  for (let key = map.nextKey(null); key; key = map.nextKey(key))
    out.push(new DataView(key.buffer).getUint32(0, true));
  return out;
};
const ANY = 0n;
const NOEXIST = 1n;
const EXIST = 2n;

describe('what can be created', () => {
  const refused: readonly [string, Partial<MapSpec>, ReturnType<typeof fail>][] = [
    ['array', { keySize: 8 }, fail('EINVAL')],
    ['array', { maxEntries: 0 }, fail('EINVAL')],
    ['hash', { valueSize: 0 }, fail('EINVAL')],
    ['lru_hash', { flags: 1 }, fail('ENOTSUPP')],
    ['queue', { keySize: 4 }, fail('EINVAL')],
    ['ringbuf', { keySize: 0, valueSize: 0, maxEntries: 5000 }, fail('EINVAL')],
    ['ringbuf', { keySize: 0, valueSize: 0, maxEntries: 2048 }, fail('EINVAL')],
    ['prog_array', { valueSize: 8 }, fail('EINVAL')],
    ['bloom_filter', { keySize: 4 }, fail('EINVAL')],
    ['bloom_filter', { keySize: 0, mapExtra: 16n }, fail('EINVAL')],
  ];
  test.for(refused)('%s with %o: %d', ([kind, spec, errno]) => {
    const whole = { type: 0, name: 'm', keySize: 4, valueSize: 8, maxEntries: 4, flags: 0, ...spec };
    expect(MAP_KINDS.get(TYPE[kind] ?? 0)?.check(whole)).toBe(errno);
  });
});

describe('arrays', () => {
  test('every element exists, none can be deleted, flags and bounds are checked', () => {
    const map = make('array');
    expect(keys(map)).toEqual([0, 1, 2, 3]);
    expect(map.write(u32(1), u64(7), ANY)).toBe(0);
    expect(value(map, 1)).toBe(7);
    expect(map.write(u32(4), u64(7), ANY)).toBe(fail('E2BIG'));
    expect(map.write(u32(0), u64(7), NOEXIST)).toBe(fail('EEXIST'));
    expect(map.write(u32(0), u64(7), 77n)).toBe(fail('EINVAL'));
    expect(map.write(u32(0), u64(7), 4n)).toBe(fail('EINVAL'));
    expect(map.erase(u32(0))).toBe(fail('EINVAL'));
    expect(value(map, 4)).toBeNull();
  });

  test('global data is contiguous, page-aligned when it can be mapped, and directly addressed', () => {
    const map = make('array', { maxEntries: 1, valueSize: 100, flags: 1 << 10 });
    expect(Number(map.directValue(0) % 4096n)).toBe(0);
    expect(map.directValue(40)).toBe(map.directValue(0) + 40n);
    expect(map.directValue(100)).toBe(0n);
  });

  test('a per-cpu array has a value for each processor; system calls see them all', () => {
    const map = make('percpu_array', { valueSize: 4 });
    const both = new Uint8Array(new BigUint64Array([11n, 22n]).buffer);
    expect(map.write(u32(2), both)).toBe(0);
    expect(map.read(u32(2))).toEqual(both);
    const key = placeBytes(bpf, u32(2));
    expect(kernel.mem.u32(map.lookupPercpu(key, 1))).toBe(22);
    expect(map.lookupPercpu(key, 2)).toBe(0n);
    expect(kernel.mem.u32(map.lookup(key))).toBe(11);
  });
});

describe('hash maps', () => {
  test.for(['percpu_hash', 'percpu_array'])("a program's update of a %s is for its own processor", (kind) => {
    const map = make(kind, { valueSize: 8 });
    const at = placeBytes(bpf, u32(1));
    const update = (n: number, flags: bigint): number =>
      callHelper(bpf, 2, map.addr, at, placeBytes(bpf, u64(n)), flags);
    const other = new Uint8Array(16);
    other.set(u64(22), 8);
    expect(map.write(u32(1), other)).toBe(0);
    expect([update(7, EXIST), update(8, NOEXIST), update(9, 4n)]).toEqual([
      0,
      fail('EEXIST'),
      fail('EINVAL'),
    ]);
    expect([0, 1].map((cpu) => Number(kernel.mem.u64(map.lookupPercpu(at, cpu))))).toEqual([7, 22]);
  });

  test('flags say whether the key must or must not be there; full is E2BIG', () => {
    const map = make('hash', { maxEntries: 2 });
    expect(map.write(u32(1), u64(1), EXIST)).toBe(fail('ENOENT'));
    expect(map.write(u32(1), u64(1), NOEXIST)).toBe(0);
    expect(map.write(u32(1), u64(2), NOEXIST)).toBe(fail('EEXIST'));
    expect(map.write(u32(2), u64(2))).toBe(0);
    expect(map.write(u32(3), u64(3))).toBe(fail('E2BIG'));
    expect(map.write(u32(2), u64(5), EXIST)).toBe(0);
    expect(map.write(u32(2), u64(5), 3n)).toBe(fail('EINVAL'));
    expect(map.erase(u32(9))).toBe(fail('ENOENT'));
    expect(map.erase(u32(1))).toBe(0);
    expect([value(map, 1), value(map, 2)]).toEqual([null, 5]);
  });

  test.for(['hash', 'percpu_hash', 'lru_hash', 'lru_percpu_hash'])(
    '%s holds what a model holds, whatever is done to it',
    (kind) => {
      const op = fc.tuple(fc.constantFrom('write', 'erase'), fc.nat(30), fc.nat(1000));
      fc.assert(
        fc.property(fc.array(op, { maxLength: 60 }), (ops) => {
          const map = make(kind, { maxEntries: 64 });
          const model = new Map<number, number>();
          const store = (key: number, n: number) => {
            const bytes = new Uint8Array(kind.includes('percpu') ? 16 : 8);
            bytes.set(u64(n));
            model.set(key, n);
            return [map.write(u32(key), bytes), 0];
          };
          const drop = (key: number) => [map.erase(u32(key)), model.delete(key) ? 0 : fail('ENOENT')];
          for (const [what, key, n] of ops) {
            const [got, want] = what === 'write' ? store(key, n) : drop(key);
            expect(got).toBe(want);
          }
          expect(keys(map).sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b));
          for (const [key, n] of model) expect(value(map, key)).toBe(n);
          map.free();
        }),
        { seed: 612, numRuns: 40 },
      );
    },
  );

  test('the newest element of a bucket comes first, and a chain ends in its bucket number', () => {
    const map = make('hash', { maxEntries: 1 });
    if (!(map instanceof HashMap)) throw new EngineBug('hash is not a HashMap');
    map.write(u32(1), u64(1));
    const old = map.first(0);
    map.write(u32(1), u64(2));
    expect(map.first(0)).not.toBe(old);
    expect(kernel.mem.u64(map.first(0))).toBe(1n);
    expect(kernel.mem.isAllocated(old)).toBe(false);
    expect(map.sumElemCount).toBe(1n);
  });

  const look = (map: BpfMap, key: number): boolean =>
    callHelper(bpf, 1, map.addr, placeBytes(bpf, u32(key))) !== 0;
  const sorted = (map: BpfMap): number[] => keys(map).sort((a, b) => a - b);

  test.for(['lru_hash', 'lru_percpu_hash'])('a full %s gives up what no program looked up', (kind) => {
    const map = make(kind, { maxEntries: 3 });
    const put = (key: number) => map.write(u32(key), new Uint8Array(16).fill(key));
    expect([1, 2, 3].map(put)).toEqual([0, 0, 0]);
    expect([look(map, 1), map.read(u32(2)) !== null]).toEqual([true, true]);
    expect([put(4), sorted(map)]).toEqual([0, [1, 3, 4]]);
    // The element that is new is not looked up either, but it is younger than 3.
    expect([put(5), sorted(map)]).toEqual([0, [1, 4, 5]]);
  });

  test('an update of a key in a full LRU map gives up another element', () => {
    const map = make('lru_hash', { maxEntries: 2 });
    for (const key of [1, 2]) map.write(u32(key), u64(key));
    expect([map.write(u32(2), u64(7)), sorted(map), value(map, 2)]).toEqual([0, [2], 7]);
    expect([map.write(u32(3), u64(3)), sorted(map)]).toEqual([0, [2, 3]]);
    // What goes may be the element of the same key, and then BPF_NOEXIST finds nothing.
    expect([map.write(u32(2), u64(8), NOEXIST), sorted(map), value(map, 2)]).toEqual([0, [2, 3], 8]);
  });

  test('an LRU map with lists for each processor scans few elements at a time', () => {
    const map = make('lru_hash', { maxEntries: 8, flags: 1 << 1 });
    for (let key = 1; key <= 8; key++) map.write(u32(key), u64(key));
    look(map, 1);
    map.write(u32(9), u64(9));
    // Four are given up at once, the one that was looked up is not among them.
    expect(sorted(map)).toEqual([1, 6, 7, 8, 9]);
  });
});

test('bpf_for_each_map_elem needs no flags and counts the element that stopped it', () => {
  const map = make('array');
  const visited: number[] = [];
  expect(
    map.forEach((key) => {
      visited.push(kernel.mem.u32(key));
      return visited.length < 3;
    }),
  ).toBe(3);
  expect(visited).toEqual([0, 1, 2]);
  expect(callHelper(bpf, 164, map.addr, 0, 0, 1)).toBe(fail('EINVAL'));
  expect(callHelper(bpf, 164, make('queue', { keySize: 0 }).addr, 0, 0, 0)).toBe(fail('EINVAL'));
});

describe('ring buffer', () => {
  const ring = (): RingbufMap => {
    const map = make('ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 });
    if (!(map instanceof RingbufMap)) throw new EngineBug('ringbuf is not a RingbufMap');
    return map;
  };

  test('records survive wrapping, and room comes back when they were read', () => {
    const map = ring();
    const data = placeBytes(bpf, bytesOf('x'.repeat(1500)));
    for (let round = 0; round < 10; round++) {
      expect(map.output(data, 1500, 0n)).toBe(0);
      expect(map.output(data, 1500, 0n)).toBe(0);
      expect(map.output(data, 1500, 0n)).toBe(fail('EAGAIN'));
      expect(map.consume().map((record) => record.length)).toEqual([1500, 1500]);
    }
    expect(map.query(2n)).toBe(map.query(3n));
    expect(map.query(1n)).toBe(4096n);
    expect(map.query(9n)).toBe(0n);
  });

  test('a reader waits at a record that is still written', () => {
    const map = ring();
    const record = BigInt.asUintN(64, BigInt(callHelper(bpf, 131, map.addr, 16, 0)));
    expect(map.output(record, 8, 0n)).toBe(0);
    expect(map.consume()).toEqual([]);
    callHelper(bpf, 133, record, 0);
    expect(map.consume().length).toBe(1);
    expect(callHelper(bpf, 131, map.addr, 16, 1)).toBe(0);
    expect(callHelper(bpf, 131, map.addr, 4096, 0)).toBe(0);
  });
});

test('a freed map leaves nothing allocated', () => {
  const live = (): number => kernel.mem.snapshot().sizes.size;
  const before = live();
  for (const kind of ['array', 'hash', 'percpu_hash', 'percpu_array', 'lru_hash']) {
    const map = make(kind);
    map.write(u32(1), new Uint8Array(16).subarray(0, kind.includes('percpu') ? 16 : 8));
    map.free();
  }
  make('ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 }).free();
  expect(live()).toBe(before);
});

test('a bloom filter knows what was never put in, and never forgets', () => {
  const map = make('bloom_filter', { keySize: 0, maxEntries: 50 });
  const at = (n: number) => placeBytes(bpf, u64(n));
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  for (const n of numbers) expect(map.push(at(n), 0n)).toBe(0);
  expect(numbers.map((n) => map.peek(at(n)))).not.toContain(fail('ENOENT'));
  const others = Array.from({ length: 200 }, (_, i) => map.peek(at(1000 + i)));
  expect(others.filter((ret) => ret === 0).length).toBeLessThan(20);
  expect([map.push(at(1), 1n), map.delete(at(1))]).toEqual([fail('EINVAL'), fail('EOPNOTSUPP')]);
});

test.for([
  ['queue', [2, 3]],
  ['stack', [3, 2]],
] as const)('a full %s makes room when told to, and knows no other flag', ([kind, left]) => {
  const map = make(kind, { keySize: 0, maxEntries: 2 });
  const at = (n: number) => placeBytes(bpf, u64(n));
  expect([map.push(at(1), NOEXIST), map.push(at(1), 3n)]).toEqual([fail('EINVAL'), fail('EINVAL')]);
  expect([map.push(at(1), ANY), map.push(at(2), EXIST)]).toEqual([0, 0]);
  expect([map.push(at(3), ANY), map.push(at(3), EXIST)]).toEqual([fail('E2BIG'), 0]);
  const out = at(0);
  const taken = left.map(() => [map.pop(out), bpf.kernel.mem.u32(out)]);
  expect(taken).toEqual(left.map((n) => [0, n]));
  expect(map.pop(out)).toBe(fail('ENOENT'));
});
