import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BtfBuilder } from '../btf/build.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { BtfObject } from './btf_object.ts';
import { emptyKernel } from '../vm/testing.ts';
import {
  acquireProgObject,
  addToTree,
  dropProgObject,
  firstOfTree,
  newProgObject,
  popList,
  pushList,
  removeFromTree,
} from './prog_objects.ts';

const kernel = emptyKernel();
const { mem } = kernel;
/** struct counted { struct bpf_refcount ref; int value; } with the fields' kinds known by their names. */
function counted(): { btf: BtfObject; id: number } {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: Kind.INT, name: 'int', size: 4, encoding: 1, bitOffset: 0, bits: 32 });
  const member = (name: string, type: number, bitOffset: number) => ({ name, type, bitOffset, bitSize: 0 });
  const ref = builder.add({
    kind: Kind.STRUCT,
    name: 'bpf_refcount',
    size: 4,
    members: [member('__opaque', int, 0)],
  });
  const id = builder.add({
    kind: Kind.STRUCT,
    name: 'counted',
    size: 8,
    members: [member('ref', ref, 0), member('value', int, 32)],
  });
  return { btf: new BtfObject(kernel, 1, Btf.parse(builder.encode()), '', false), id };
}

test('an object lives until its last reference is dropped', () => {
  const { btf, id } = counted();
  const object = newProgObject(kernel, btf, id);
  expect([mem.u32(object), mem.u32(object + 4n)]).toEqual([1, 0]);
  expect([mem.u64(object - 16n), mem.u64(object - 8n)]).toEqual([btf.addr, BigInt(id)]);
  expect(acquireProgObject(kernel, object)).toBe(object);
  dropProgObject(kernel, object);
  expect(mem.u32(object)).toBe(1);
  dropProgObject(kernel, object);
  expect(acquireProgObject(kernel, object)).toBe(0n);
});

test('a list keeps its order at both ends, and a node is in one list only', () => {
  const head = mem.alloc(16);
  const [a, b, c] = [mem.alloc(24), mem.alloc(24), mem.alloc(24)];
  expect(popList(mem, head, true)).toBe(0n);
  expect([pushList(mem, head, a, true), pushList(mem, head, b, true), pushList(mem, head, c, false)]).toEqual(
    [true, true, true],
  );
  expect(pushList(mem, mem.alloc(16), a, true)).toBe(false);
  expect([popList(mem, head, true), popList(mem, head, false), popList(mem, head, true)]).toEqual([b, c, a]);
  expect(popList(mem, head, false)).toBe(0n);
  expect(pushList(mem, head, a, true)).toBe(true);
});

test('a tree gives its nodes in order, whatever was put in and taken out', () => {
  const step = fc.record({ add: fc.boolean(), key: fc.integer({ min: 0, max: 20 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const root = mem.alloc(16);
      const nodes = new Map<number, bigint>();
      const agreed: boolean[] = [];
      const key = (node: bigint): number => mem.u32(node + 32n);
      for (const { add, key: value } of steps) {
        const held = nodes.get(value);
        if (add && held === undefined) {
          const node = mem.alloc(40, 8);
          mem.setU32(node + 32n, value);
          agreed.push(addToTree(mem, root, node, (a, b) => key(a) < key(b)));
          nodes.set(value, node);
        } else if (!add && held !== undefined) {
          agreed.push(removeFromTree(mem, root, held) === held, removeFromTree(mem, root, held) === 0n);
          nodes.delete(value);
        }
      }
      expect(agreed).not.toContain(false);
      const drained: number[] = [];
      for (let node = firstOfTree(mem, root); node !== 0n; node = firstOfTree(mem, root))
        drained.push(key(removeFromTree(mem, root, node)));
      expect(drained).toEqual([...nodes.keys()].toSorted((a, b) => a - b));
    }),
  );
});
