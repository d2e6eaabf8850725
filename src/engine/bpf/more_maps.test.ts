/** Maps that iterators see in lists rather than walk: tries, devices, processors, sockets, shared memory. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import { EngineBug } from '../../shared/assert.ts';
import { emptyKernel } from '../vm/testing.ts';
import { Bpf } from './bpf.ts';
import type { BpfMap, MapSpec } from './map.ts';
import { MAP_KINDS } from './maps/index.ts';
import { UserRingbufMap } from './maps/user_ringbuf.ts';

const kernel = emptyKernel();
const bpf = new Bpf(kernel, { cpus: 2 });
const TYPE = Object.fromEntries([...MAP_KINDS].map(([type, { name }]) => [name, type]));
const NO_PREALLOC = 1;
const MMAPABLE = 1 << 10;
const RDONLY_PROG = 1 << 7;
const WRONLY_PROG = 1 << 8;

const spec = (kind: string, over: Partial<MapSpec>): MapSpec => ({
  type: TYPE[kind] ?? 0,
  name: kind.slice(0, 15),
  keySize: 4,
  valueSize: 4,
  maxEntries: 4,
  flags: 0,
  ...over,
});
function make(kind: string, over: Partial<MapSpec> = {}): BpfMap {
  const whole = spec(kind, over);
  const found = MAP_KINDS.get(whole.type);
  if (!found) throw new EngineBug(`no map kind ${kind}`);
  expect(found.check(whole)).toBe(0);
  return found.make({ kernel, spec: whole, id: 1, cpus: bpf.cpus });
}

test.for<[string, Partial<MapSpec>, number]>([
  ['lpm_trie', { keySize: 8 }, fail('EINVAL')],
  ['lpm_trie', { keySize: 4, flags: NO_PREALLOC }, fail('EINVAL')],
  ['lpm_trie', { keySize: 261, flags: NO_PREALLOC }, fail('EINVAL')],
  ['lpm_trie', { keySize: 260, flags: NO_PREALLOC }, 0],
  ['lpm_trie', { keySize: 8, flags: NO_PREALLOC | RDONLY_PROG | WRONLY_PROG }, fail('EINVAL')],
  ['devmap', { valueSize: 8 }, 0],
  ['devmap', { valueSize: 12 }, fail('EINVAL')],
  ['devmap_hash', { flags: NO_PREALLOC }, fail('EINVAL')],
  ['cpumap', { maxEntries: 8193 }, fail('E2BIG')],
  ['cpumap', { flags: 1 << 3 }, fail('EINVAL')],
  ['xskmap', { valueSize: 8 }, fail('EINVAL')],
  ['reuseport_sockarray', { valueSize: 8 }, 0],
  ['reuseport_sockarray', { valueSize: 16 }, fail('EINVAL')],
  ['cgroup_storage', { keySize: 8, maxEntries: 0, valueSize: 65_407 }, 0],
  ['cgroup_storage', { keySize: 8, maxEntries: 0, valueSize: 65_408 }, fail('E2BIG')],
  ['cgroup_storage', { keySize: 16, maxEntries: 1 }, fail('EINVAL')],
  ['percpu_cgroup_storage', { keySize: 16, maxEntries: 0, valueSize: 32_769 }, fail('E2BIG')],
  ['user_ringbuf', { keySize: 0, valueSize: 0, maxEntries: 5000 }, fail('EINVAL')],
  ['arena', { keySize: 0, valueSize: 0, maxEntries: 10 }, fail('EINVAL')],
  ['arena', { keySize: 0, valueSize: 0, maxEntries: 2 ** 20, flags: MMAPABLE }, 0],
  ['arena', { keySize: 0, valueSize: 0, maxEntries: 2 ** 20 + 1, flags: MMAPABLE }, fail('E2BIG')],
  ['arena', { keySize: 0, valueSize: 0, flags: MMAPABLE, mapExtra: 0xffff_f000n }, fail('ERANGE')],
  ['arena', { keySize: 0, valueSize: 0, flags: MMAPABLE, mapExtra: 8n }, fail('EINVAL')],
  ['array', { flags: NO_PREALLOC }, fail('EINVAL')],
  ['percpu_array', { flags: MMAPABLE }, fail('EINVAL')],
  ['percpu_array', { valueSize: 32_769 }, fail('E2BIG')],
  ['prog_array', { flags: RDONLY_PROG }, fail('EINVAL')],
  ['hash', { flags: MMAPABLE }, fail('EINVAL')],
  ['hash', { flags: 1 << 1 }, fail('EINVAL')],
  ['percpu_hash', { numaNode: 0 }, fail('EINVAL')],
  ['hash', { valueSize: 1 << 22 }, fail('E2BIG')],
  ['hash_of_maps', { valueSize: 8 }, fail('EINVAL')],
  ['queue', { keySize: 0, flags: NO_PREALLOC }, fail('EINVAL')],
  ['ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096, flags: NO_PREALLOC }, fail('EINVAL')],
])('BPF_MAP_CREATE of %s with %o: %d', ([kind, over, errno]) => {
  expect(MAP_KINDS.get(TYPE[kind] ?? 0)?.check(spec(kind, over))).toBe(errno);
});

// -- longest prefix match ------------------------------------------------------------------------------------

/** `10.1.0.0/16` as a key. */
function prefix(text: string): Uint8Array {
  const [address = '', length = '32'] = text.split('/');
  return Uint8Array.from([Number(length), 0, 0, 0, ...address.split('.').map(Number)]);
}
const text = (key: Uint8Array): string => `${[...key.subarray(4)].join('.')}/${key[0]}`;
const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
const number = (bytes: Uint8Array | null): number | null =>
  bytes && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
const trie = (maxEntries = 64): BpfMap => make('lpm_trie', { keySize: 8, maxEntries, flags: NO_PREALLOC });
const keysOf = (map: BpfMap): string[] => {
  const out: string[] = [];
  for (let key = map.nextKey(null); key; key = map.nextKey(key)) out.push(text(key));
  return out;
};

describe('lpm_trie', () => {
  test('a lookup finds the longest prefix, a walk meets longer ones before those that cover them', () => {
    const map = trie();
    const routes = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '192.168.0.0/16', '0.0.0.0/0'];
    routes.forEach((route, i) => expect(map.write(prefix(route), u32(i))).toBe(0));
    const found = ['10.1.2.3', '10.1.9.9', '10.9.9.9', '192.168.7.7', '172.16.0.1', '10.1.0.0/16'];
    expect(found.map((key) => number(map.read(prefix(key))))).toEqual([2, 1, 0, 3, 4, 1]);
    expect(keysOf(map)).toEqual(['10.1.2.0/24', '10.1.0.0/16', '10.0.0.0/8', '192.168.0.0/16', '0.0.0.0/0']);
    expect(text(map.nextKey(prefix('8.8.8.8')) ?? new Uint8Array(8))).toBe('10.1.2.0/24');
  });

  test('flags, a full trie and prefixes that are too long', () => {
    const map = trie(2);
    expect(map.write(prefix('1.0.0.0/8'), u32(1), 2n)).toBe(fail('ENOENT'));
    expect(map.write(prefix('1.0.0.0/8'), u32(1), 1n)).toBe(0);
    expect(map.write(prefix('1.0.0.0/8'), u32(1), 1n)).toBe(fail('EEXIST'));
    expect(map.write(prefix('1.0.0.0/33'), u32(1))).toBe(fail('EINVAL'));
    expect(map.write(prefix('1.0.0.0/8'), u32(1), 4n)).toBe(fail('EINVAL'));
    expect(map.write(prefix('2.0.0.0/8'), u32(2))).toBe(0);
    expect(map.write(prefix('3.0.0.0/8'), u32(3))).toBe(fail('ENOSPC'));
    expect([map.write(prefix('2.0.0.0/8'), u32(5)), number(map.read(prefix('2.3.4.5')))]).toEqual([0, 5]);
    expect([map.erase(prefix('2.0.0.0/9')), map.erase(prefix('2.0.0.0/33'))]).toEqual([
      fail('ENOENT'),
      fail('EINVAL'),
    ]);
    expect(map.read(prefix('1.0.0.0/33'))).toBeNull();
  });

  test('any changes leave what a table of prefixes holds, in postorder', () => {
    const route = fc
      .tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 255 }))
      .map(([length, byte]) => `${byte & (0xff00 >> length)}.0.0.0/${length}`);
    const change = fc.tuple(fc.boolean(), route, fc.nat(1000));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), fc.integer({ min: 0, max: 255 }), (changes, byte) => {
        const map = trie(1000);
        const table = new Map<string, number>();
        for (const [add, key, value] of changes) {
          expect(add ? map.write(prefix(key), u32(value)) : map.erase(prefix(key))).toBe(
            add || table.has(key) ? 0 : fail('ENOENT'),
          );
          if (add) table.set(key, value);
          else table.delete(key);
        }
        // Both children of a prefix come before it, the one with a 0 bit first: order of the last addresses.
        const postorder = (key: string): number => {
          const [first, length] = [Number.parseInt(key, 10), Number(key.split('/')[1])];
          return (first | (0xff >> length)) * 16 + (8 - length);
        };
        expect(keysOf(map)).toEqual([...table.keys()].sort((a, b) => postorder(a) - postorder(b)));
        const covers = [...Array(9).keys()].map((length) => `${byte & (0xff00 >> length)}.0.0.0/${length}`);
        const best = covers.findLast((key) => table.has(key));
        expect(number(map.read(prefix(`${byte}.0.0.0/8`)))).toBe(best ? table.get(best) : null);
        expect(map.container.num('n_entries')).toBe(table.size);
        map.free();
      }),
      { numRuns: 150 },
    );
  });
});

// -- ring of user space --------------------------------------------------------------------------------------

describe('user_ringbuf', () => {
  const ring = (): UserRingbufMap => {
    const map = make('user_ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 });
    if (!(map instanceof UserRingbufMap)) throw new EngineBug('another kind of map');
    return map;
  };
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const drain = (map: UserRingbufMap, stopAt = -1): [number, number[][]] => {
    const seen: number[][] = [];
    const ret = map.drain((at, size) => {
      seen.push([...map.mem.bytes(at, size)]);
      return seen.length === stopAt ? 1n : 0n;
    });
    return [ret, seen];
  };

  test('records are drained once and in order, without those that were discarded', () => {
    const map = ring();
    expect([bytes(1), bytes(2, 2), bytes(3, 3, 3)].map((record, i) => map.submit(record, i === 1))).toEqual([
      0, 0, 0,
    ]);
    expect(drain(map)).toEqual([2, [[1], [3, 3, 3]]]);
    expect(drain(map)).toEqual([0, []]);
  });

  test('a callback may stop, and may not drain again', () => {
    const map = ring();
    for (const n of [1, 2, 3]) map.submit(bytes(n));
    expect(drain(map, 2)).toEqual([2, [[1], [2]]]);
    expect(map.drain(() => BigInt(map.drain(() => 0n)))).toBe(1);
    map.submit(bytes(4));
    let inner = 0;
    map.drain(() => {
      inner = map.drain(() => 0n);
      return 0n;
    });
    expect(inner).toBe(fail('EBUSY'));
  });

  test('a full buffer and one that user space has spoilt', () => {
    const map = ring();
    expect([map.submit(new Uint8Array(4088)), map.submit(bytes(1))]).toEqual([0, fail('ENOSPC')]);
    map.rb.set('producer_pos', 4);
    expect(drain(map)[0]).toBe(fail('EINVAL'));
    map.rb.set('producer_pos', 16);
    expect(drain(map)[0]).toBe(fail('EINVAL'));
    expect([map.copyOut(bytes()), map.keyAfter(null)]).toEqual([fail('ENOTSUPP'), fail('ENOTSUPP')]);
  });
});
