/** Kinds of map that can be made and looked at, while nothing here puts them to work. */
import kernelBtf from 'virtual:kernel-btf';
import { describe, expect, test } from 'vitest';
import { EngineBug } from '../../shared/assert.ts';
import { fail } from '../../shared/errno.ts';
import { MapType } from '../abi/uapi.ts';
import type { BpfMap } from '../bpf/map.ts';
import { MAP_KINDS } from '../bpf/maps/index.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { Kernel } from '../kernel/kernel.ts';
import { mapAttr } from '../testing/map_attr.ts';
import { machineOf } from '../testing/recorded_machine.ts';

const u32 = (...numbers: number[]): Uint8Array => new Uint8Array(Uint32Array.from(numbers).buffer);

describe('struct_ops', () => {
  const { kernel, bpf } = machineOf('task_all');
  const LINK = 1 << 13;
  const table = kernel.btf.find('bpf_struct_ops_tcp_congestion_ops', Kind.STRUCT);
  const { size } = kernel.types.struct('bpf_struct_ops_tcp_congestion_ops');
  const create = (over: object = {}): number =>
    bpf.mapCreate(
      mapAttr('STRUCT_OPS', {
        valueSize: size,
        maxEntries: 1,
        name: 'cubic',
        btfVmlinuxValueTypeId: table,
        ...over,
      }),
    );

  test.for<[string, object, number]>([
    ['two elements', { maxEntries: 2 }, fail('EINVAL')],
    ['a key of 8 bytes', { keySize: 8 }, fail('EINVAL')],
    ['no type', { btfVmlinuxValueTypeId: 0 }, fail('EINVAL')],
    ['a flag of hash maps', { flags: 1 }, fail('EINVAL')],
    ['another kind of map', { type: MapType.ARRAY }, fail('EINVAL')],
    [
      'a type that is no table',
      { btfVmlinuxValueTypeId: kernel.btf.find('task_struct', Kind.STRUCT) },
      fail('ENOTSUPP'),
    ],
    ['another size', { valueSize: size - 8 }, fail('EINVAL')],
  ])('cannot be made with %s', ([, over, errno]) => {
    expect(create(over)).toBe(errno);
  });

  test('has one element, which is zeros and cannot be put to work here', () => {
    const fd = create();
    expect(bpf.mapInfo(fd)).toMatchObject({ type: 26, btf_vmlinux_value_type_id: table, name: 'cubic' });
    expect([bpf.mapGetNextKey(fd, null), bpf.mapGetNextKey(fd, u32(0))]).toEqual([u32(0), fail('ENOENT')]);
    expect([bpf.mapLookup(fd, u32(0)), bpf.mapLookup(fd, u32(1))]).toEqual([
      new Uint8Array(size),
      fail('ENOENT'),
    ]);
    const put = (key: number, flags: number): number =>
      bpf.mapUpdate(fd, u32(key), new Uint8Array(size), flags);
    expect([put(0, 1), put(1, 0), put(0, 0)]).toEqual([fail('EINVAL'), fail('E2BIG'), fail('EOPNOTSUPP')]);
    expect([bpf.mapDelete(fd, u32(0)), bpf.mapDelete(create({ flags: LINK }), u32(0))]).toEqual([
      fail('ENOENT'),
      fail('EOPNOTSUPP'),
    ]);
    expect(bpf.mapFreeze(fd)).toBe(fail('ENOTSUPP'));
  });

  test('instruction arrays are not there in 6.12', () => {
    const more = { type: MapType.INSN_ARRAY, valueSize: 16, btfVmlinuxValueTypeId: 0 };
    expect(create(more)).toBe(fail('EINVAL'));
  });
});

describe('insn_array', () => {
  const kernel = new Kernel({ release: '7.0', btf: Btf.parse(kernelBtf) });
  const spec = {
    type: MapType.INSN_ARRAY,
    name: 'jumps',
    keySize: 4,
    valueSize: 16,
    maxEntries: 3,
    flags: 0,
  };
  const make = (): BpfMap => {
    const map = MAP_KINDS.get(spec.type)?.make({ kernel, spec, id: 1, cpus: 1 });
    if (!map) throw new EngineBug('no insn_array');
    return map;
  };

  test('has places of instructions, of which user space tells the first', () => {
    const check = MAP_KINDS.get(spec.type)?.check;
    expect([check?.(spec), check?.({ ...spec, valueSize: 8 }), check?.({ ...spec, flags: 1 })]).toEqual([
      0,
      fail('EINVAL'),
      fail('EINVAL'),
    ]);
    const map = make();
    expect(map.write(u32(2), u32(7, 0, 0, 0))).toBe(0);
    expect([map.read(u32(2)), map.read(u32(3))]).toEqual([u32(7, 0, 0, 0), null]);
    expect([map.write(u32(0), u32(1, 1, 0, 0)), map.write(u32(0), u32(1, 0, 1, 0))]).toEqual([
      fail('EINVAL'),
      fail('EINVAL'),
    ]);
    expect([map.write(u32(3), u32(1, 0, 0, 0)), map.write(u32(0), u32(1, 0, 0, 0), 1n)]).toEqual([
      fail('E2BIG'),
      fail('EEXIST'),
    ]);
    expect([map.nextKey(null), map.nextKey(u32(2)), map.erase(u32(0))]).toEqual([
      u32(0),
      null,
      fail('EINVAL'),
    ]);
  });
});
