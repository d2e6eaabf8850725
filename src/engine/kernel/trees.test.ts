import kernelBtf from 'virtual:kernel-btf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { Kernel } from './kernel.ts';
import { mapleBuild, mapleEntries, mapleFind } from './maple.ts';
import { rbErase, rbFirst, rbInsert, rbNext, rbNodes, rbParent } from './rbtree.ts';
import { XArray } from './xarray.ts';

const btf = Btf.parse(kernelBtf);
const kernel = (): Kernel => new Kernel({ release: '6.12', btf });

test('an xarray holds what a map would, in index order, and frees every node', () => {
  const step = fc.tuple(fc.boolean(), fc.oneof(fc.nat(70), fc.nat(5000), fc.nat(3_000_000)));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.nat(3_000_000), (steps, from) => {
      const k = kernel();
      const tree = new XArray(k, k.alloc('xarray'));
      const model = new Map<number, bigint>();
      for (const [put, index] of steps) {
        if (put) {
          tree.store(index, BigInt(index) * 8n + 8n);
          model.set(index, BigInt(index) * 8n + 8n);
        } else {
          tree.erase(index);
          model.delete(index);
        }
      }
      const want = [...model].sort(([a], [b]) => a - b).map(([index, entry]) => ({ index, entry }));
      expect([...tree.entries()]).toEqual(want);
      expect(tree.find(from)).toEqual(want.find(({ index }) => index >= from) ?? null);
      for (const index of model.keys()) tree.erase(index);
      expect(tree.find(0)).toBeNull();
    }),
    { numRuns: 60 },
  );
});

test('a maple tree finds the first range at or after any index', () => {
  const piece = fc.record({ gap: fc.bigInt(0n, 9n), length: fc.bigInt(1n, 9n) });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 400 }), fc.bigInt(0n, 4000n), (pieces, index) => {
      const k = kernel();
      const tree = k.alloc('maple_tree');
      let at = 0n;
      const ranges = pieces.map(({ gap, length }, i) => {
        const first = (at + gap) * 4096n;
        at += gap + length;
        return { first, last: at * 4096n - 1n, entry: BigInt(i + 1) * 64n };
      });
      mapleBuild(k, tree, ranges);
      expect([...mapleEntries(k, tree)]).toEqual(ranges);
      const probe = index * 4096n + 17n;
      expect(mapleFind(k, tree, probe)).toEqual(ranges.find(({ last }) => last >= probe) ?? null);
    }),
    { numRuns: 60 },
  );
});

test('a maple node points back to its parent and slot, as the kernel packs it', () => {
  const k = kernel();
  const tree = k.alloc('maple_tree');
  mapleBuild(
    k,
    tree,
    Array.from({ length: 40 }, (_, i) => ({
      first: BigInt(i * 2),
      last: BigInt(i * 2),
      entry: BigInt(i + 1) * 64n,
    })),
  );
  const root = tree.ptr('ma_root');
  expect(root & 3n).toBe(2n);
  const top = k.view('maple_arange_64', root & ~0xffn);
  expect(top.ptr('parent')).toBe(tree.addr | 1n);
  expect(tree.num('ma_flags') >> 2).toBe(2);
  for (let slot = 0; slot <= top.num('meta.end'); slot++) {
    const child = top.ptr(`slot[${slot}]`);
    expect((child >> 3n) & 0xfn).toBe(1n);
    expect(k.view('maple_range_64', child & ~0xffn).ptr('parent')).toBe(top.addr | (BigInt(slot) << 3n) | 6n);
  }
});

/** Black nodes from here to every leaf. @throws when red follows red, or ways differ, or a parent is wrong */
function blackHeight(k: Kernel, node: bigint, parent: bigint, parentRed: boolean): number {
  if (node === 0n) return 0;
  const red = (k.mem.u64(node) & 1n) === 0n;
  const [right, left] = [k.mem.u64(node + 8n), k.mem.u64(node + 16n)];
  const heights = [left, right].map((child) => blackHeight(k, child, node, red));
  if (rbParent(k.mem, node) !== parent || (red && parentRed) || heights[0] !== heights[1])
    throw new Error('no red-black tree');
  return (heights[0] ?? 0) + (red ? 0 : 1);
}

test('a red-black tree stays one, and in order, whatever goes in and out', () => {
  const k = kernel();
  const { mem } = k;
  const key = (node: bigint): number => mem.u32(node + 24n);
  const insert = (root: bigint, node: bigint): void => {
    let [parent, link] = [0n, root];
    for (let at = mem.u64(root); at !== 0n; at = mem.u64(link)) {
      parent = at;
      link = at + (key(node) < key(at) ? 16n : 8n);
    }
    rbInsert(mem, root, node, parent, link);
  };
  const step = fc.tuple(fc.boolean(), fc.nat(40));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const root = mem.alloc(8);
      const model = new Map<number, bigint>();
      for (const [put, value] of steps) {
        const held = model.get(value);
        if (put && held === undefined) {
          const node = mem.alloc(32, 8);
          mem.setU32(node + 24n, value);
          insert(root, node);
          model.set(value, node);
        } else if (!put && held !== undefined) {
          rbErase(mem, root, held);
          model.delete(value);
        }
        const top = mem.u64(root);
        expect(top === 0n || (mem.u64(top) & 1n) === 1n).toBe(true);
        blackHeight(k, top, 0n, false);
      }
      const want = [...model.keys()].toSorted((a, b) => a - b);
      expect([...rbNodes(mem, root)].map(key)).toEqual(want);
      const byNext: number[] = [];
      const top = mem.u64(root);
      for (let node = top === 0n ? 0n : rbFirst(mem, top); node !== 0n; node = rbNext(mem, node))
        byNext.push(key(node));
      expect(byNext).toEqual(want);
    }),
  );
});
