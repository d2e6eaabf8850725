import { beforeEach, expect, test } from 'vitest';
import { EngineBug } from '../../../shared/assert.ts';
import { fail } from '../../../shared/errno.ts';
import { MapType } from '../../abi/uapi.ts';
import { emptyKernel } from '../../vm/testing.ts';
import { Bpf } from '../bpf.ts';
import { callHelper } from '../testing.ts';
import { ArenaMap } from './arena.ts';
import { MAP_KINDS } from './index.ts';

const PAGE = 4096n;
const AT = 0x7f01_ffff_0000n;
const MMAPABLE = 1 << 10;
const SEGV_ON_FAULT = 1 << 17;
const kernel = emptyKernel();
const bpf = new Bpf(kernel);
let arena: ArenaMap;

/** An arena of ten pages, the low halves of whose addresses end just before they wrap. */
function make(flags = 0): ArenaMap {
  const spec = {
    type: MapType.ARENA,
    name: 'arena',
    keySize: 0,
    valueSize: 0,
    maxEntries: 10,
    flags: MMAPABLE | flags,
    mapExtra: AT,
  };
  const map = MAP_KINDS.get(spec.type)?.make({ kernel, spec, id: 1, cpus: 1 });
  if (!(map instanceof ArenaMap)) throw new EngineBug('no arena');
  return map;
}
const page = (n: number): bigint => AT + BigInt(n) * PAGE;
const alloc = (at: bigint | 0, count: number): bigint | number =>
  callHelper(bpf, 'bpf_arena_alloc_pages', arena.addr, at, count, -1, 0);
const free = (at: bigint, count: number): number =>
  callHelper(bpf, 'bpf_arena_free_pages', arena.addr, at, count);
const there = (n: number): boolean => kernel.mem.translate(arena.kernelAddr(page(n)), 1) >= 0;
const pages = (): string => Array.from({ length: 10 }, (_, n) => (there(n) ? '#' : '.')).join('');

beforeEach(() => {
  arena = make();
});

test('pages come from the first hole that is large enough, or from where they are asked for', () => {
  expect(alloc(0, 3)).toBe(Number(page(0)));
  expect(alloc(page(5), 2)).toBe(Number(page(5)));
  expect(pages()).toBe('###..##...');
  expect(alloc(0, 3)).toBe(Number(page(7)));
  expect(alloc(0, 2)).toBe(Number(page(3)));
  expect([alloc(0, 1), alloc(page(3), 1), pages()]).toEqual([0, 0, '##########']);
});

test('one page after the other', () => {
  expect([alloc(0, 1), alloc(0, 1), alloc(0, 1)]).toEqual([0, 1, 2].map((n) => Number(page(n))));
  expect(pages()).toBe('###.......');
});

test('nothing comes for no pages, too many, a taken page, an address inside a page, or flags', () => {
  expect(alloc(page(9), 1)).toBe(Number(page(9)));
  expect([alloc(0, 0), alloc(0, 11), alloc(page(8), 2), alloc(page(4) + 8n, 1), alloc(page(9), 2)]).toEqual([
    0, 0, 0, 0, 0,
  ]);
  expect(callHelper(bpf, 'bpf_arena_alloc_pages', arena.addr, 0, 1, -1, 1)).toBe(0);
  expect(pages()).toBe('.........#');
});

test('pages are given back by a pointer of either form, as far as the arena goes', () => {
  alloc(0, 10);
  free(page(4) + 100n, 2);
  free(page(8) & 0xffff_ffffn, 5);
  free(page(1), 0);
  expect(pages()).toBe('####..##..');
  expect([alloc(0, 3), alloc(0, 2)]).toEqual([0, Number(page(4))]);
  free(page(0), 10);
  expect([pages(), alloc(0, 10)]).toEqual(['..........', Number(page(0))]);
});

test('a page is zeroed, and the same bytes from both sides', () => {
  alloc(page(2), 1);
  kernel.mem.setU64(arena.kernelAddr(page(2)) + 8n, 0x1122n);
  expect(arena.readUser(page(2) + 8n, 2)).toEqual(Uint8Array.of(0x22, 0x11));
  free(page(2), 1);
  alloc(page(2), 1);
  expect(kernel.mem.u64(arena.kernelAddr(page(2)) + 8n)).toBe(0n);
  expect(arena.writeUser(page(3) - 1n, Uint8Array.of(7, 9))).toBe(0);
  expect([kernel.mem.u8(arena.kernelAddr(page(3) - 1n)), kernel.mem.u8(arena.kernelAddr(page(3)))]).toEqual([
    7, 9,
  ]);
  expect(pages()).toBe('..##......');
});

test("pointers: the low half finds the page, the high half is user space's, NULL stays NULL", () => {
  const low = page(3) & 0xffff_ffffn;
  expect(arena.userAddr(low)).toBe(page(3));
  expect(arena.kernelAddr(low)).toBe(arena.kernelAddr(page(3)));
  expect(arena.kernelStart % PAGE).toBe(0n);
  expect([arena.userAddr(0n), arena.userAddr(0x7777_0000_0000n)]).toEqual([0n, 0n]);
  expect([arena.directValue(8), arena.directValue(41_000)]).toEqual([AT + 8n, 0n]);
});

test('user space outside the arena, or in one that makes no pages for it, gets a signal', () => {
  expect([arena.touch(AT - 1n), arena.touch(page(10))]).toEqual([fail('EFAULT'), fail('EFAULT')]);
  arena = make(SEGV_ON_FAULT);
  expect(arena.writeUser(page(1), Uint8Array.of(1))).toBe(fail('EFAULT'));
  alloc(page(1), 1);
  expect(arena.writeUser(page(1), Uint8Array.of(1))).toBe(0);
});

test('mmap(2) agrees with where the arena is, and a map that goes gives all its pages back', () => {
  expect([
    arena.mapUser(AT, 10n * PAGE),
    arena.mapUser(AT + PAGE, 10n * PAGE),
    arena.mapUser(AT, PAGE),
  ]).toEqual([0, fail('EBUSY'), fail('EBUSY')]);
  const before = kernel.mem.live.objects;
  const other = make();
  other.allocPages(0n, 4);
  other.free();
  expect(kernel.mem.live.objects).toBe(before);
});

test('a snapshot of memory has the pages', () => {
  alloc(page(1), 1);
  kernel.mem.setU8(arena.kernelAddr(page(1)), 5);
  const saved = kernel.mem.snapshot();
  free(page(1), 1);
  kernel.mem.restore(saved);
  expect([pages(), kernel.mem.u8(arena.kernelAddr(page(1)))]).toEqual(['.#........', 5]);
});
