import { expect, test } from 'vitest';
import { BtfBuilder } from './build.ts';
import { Btf } from './parse.ts';
import { INT_SIGNED, Kind } from './types.ts';
import type { BtfType } from './types.ts';

const typesOf = (btf: Btf): BtfType[] =>
  Array.from({ length: btf.end - btf.start }, (_, i) => btf.type(btf.start + i));

const INT: BtfType = { kind: Kind.INT, name: 'int', size: 4, encoding: INT_SIGNED, bitOffset: 0, bits: 32 };

/** `struct node { struct node *next; int value; }`, made of types of its own. */
function addNode(builder: BtfBuilder): number {
  const node = builder.reserve();
  const next = builder.reserve();
  builder.define(next, { kind: Kind.PTR, name: '', type: node });
  builder.define(node, {
    kind: Kind.STRUCT,
    name: 'node',
    size: 16,
    members: [
      { name: 'next', type: next, bitOffset: 0, bitSize: 0 },
      { name: 'value', type: builder.add(INT), bitOffset: 64, bitSize: 0 },
    ],
  });
  return node;
}

test('every kind with its odd values survives', () => {
  const builder = new BtfBuilder();
  const int = builder.add(INT);
  const types: BtfType[] = [
    { kind: Kind.FLOAT, name: 'double', size: 8 },
    { kind: Kind.ARRAY, name: '', type: int, indexType: int, nelems: 0 },
    { kind: Kind.ENUM, name: 'e', size: 4, signed: true, values: [{ name: 'MINUS', value: -1n }] },
    { kind: Kind.ENUM, name: 'u', size: 4, signed: false, values: [{ name: 'BIG', value: 0xffff_ffffn }] },
    { kind: Kind.ENUM64, name: 'e64', size: 8, signed: true, values: [{ name: 'MIN', value: -(1n << 63n) }] },
    { kind: Kind.FWD, name: 'later', union: true },
    { kind: Kind.UNION, name: '', size: 4, members: [{ name: 'b', type: int, bitOffset: 3, bitSize: 5 }] },
    {
      kind: Kind.FUNC_PROTO,
      name: '',
      type: 0,
      params: [
        { name: 'x', type: int },
        { name: '', type: 0 },
      ],
    },
    { kind: Kind.TYPE_TAG, name: 'rcu', type: int },
    { kind: Kind.DECL_TAG, name: 'kfunc', type: int, component: -1 },
    { kind: Kind.VAR, name: 'v', type: int, linkage: 1 },
    { kind: Kind.DATASEC, name: '.bss', size: 4, vars: [{ type: 12, offset: 0, size: 4 }] },
  ];
  for (const type of types) builder.add(type);
  expect(typesOf(Btf.parse(builder.encode()))).toEqual([INT, ...types]);
});

test('struct node twice, each pointing to itself, is one type after dedup', () => {
  const builder = new BtfBuilder();
  const first = addNode(builder);
  const second = addNode(builder);
  const other = builder.add({ kind: Kind.PTR, name: '', type: second });
  const id = builder.dedup();
  expect(id(second)).toBe(id(first));
  const btf = Btf.parse(builder.encode());
  expect(btf.end).toBe(4);
  expect(btf.type(id(other))).toEqual({ kind: Kind.PTR, name: '', type: id(first) });
});

test('types that differ only in what they point to stay apart, and so do variables alike', () => {
  const builder = new BtfBuilder();
  const int = builder.add(INT);
  const unsigned = builder.add({ ...INT, name: 'unsigned int', encoding: 0 });
  const a = builder.add({ kind: Kind.PTR, name: '', type: int });
  const b = builder.add({ kind: Kind.PTR, name: '', type: unsigned });
  const v = builder.add({ kind: Kind.VAR, name: 'x', type: a, linkage: 0 });
  const w = builder.add({ kind: Kind.VAR, name: 'x', type: a, linkage: 0 });
  const id = builder.dedup();
  expect(new Set([a, b, v, w].map(id)).size).toBe(4);
});

test('a split BTF continues the ids and strings of its base', () => {
  const base = new BtfBuilder();
  const int = base.add(INT);
  const baseBtf = Btf.parse(base.encode());
  const split = new BtfBuilder(baseBtf);
  const mod = split.add({ kind: Kind.TYPEDEF, name: 'mod_t', type: int });
  const btf = Btf.parse(split.encode(), baseBtf);
  expect(mod).toBe(2);
  expect(btf.type(mod)).toEqual({ kind: Kind.TYPEDEF, name: 'mod_t', type: int });
  expect(btf.nameOf(int)).toBe('int');
});

test('a blob taken over keeps its ids and string offsets, and can be added to', () => {
  const first = new BtfBuilder();
  const line = first.string('  return 0;');
  addNode(first);
  const before = Btf.parse(first.encode());
  const again = BtfBuilder.from(before);
  const ptr = again.add({ kind: Kind.PTR, name: '', type: before.find('node', Kind.STRUCT) });
  const dummy = again.add({ kind: Kind.VAR, name: 'dummy_ksym', type: again.add(INT), linkage: 1 });
  const after = Btf.parse(again.encode());
  expect(typesOf(after).slice(0, -1)).toEqual(typesOf(before));
  expect([ptr, dummy]).toEqual([2, before.end]);
  expect(after.string(line)).toBe('  return 0;');
  expect(after.nameOf(dummy)).toBe('dummy_ksym');
});
