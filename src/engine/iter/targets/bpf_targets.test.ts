import { describe, expect, test } from 'vitest';
import { encodeIterLinkInfo } from '../../libbpf/attach.ts';
import { latin1Decode, latin1Encode } from '../../../shared/utf8.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { Symbols } from '../../kernel/symbols.ts';
import { machineOf, readCase, readFd } from '../../testing/recorded_machine.ts';
import type { TestMachine } from '../../testing/recorded_machine.ts';
import { BpfIter } from '../bpf_iter.ts';
import { bpfSeqRead } from '../seq_read.ts';
import { Session } from '../session.ts';
import { NO_OBJECTS } from '../testing.ts';
import { ksymTarget } from './ksym.ts';

const TRACE_ITER = 28;
const u32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
const u64 = (n: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(n).buffer);

function attach({ bpf, progFd, mapFd }: TestMachine, prog?: string, map?: string): number {
  const iterInfo = map === undefined ? null : encodeIterLinkInfo({ kind: 'map', mapFd: mapFd(map) });
  return bpf.linkCreate({ progFd: progFd(prog), attachType: TRACE_ITER, iterInfo });
}

/** The text of one session, read with `size`. */
function walk(machine: TestMachine, link: number, size = 65536): string {
  const { bpf, sys } = machine;
  const fd = bpf.iterCreate(link);
  let text = '';
  for (let got = readFd(sys, fd, size); got.ret > 0; got = readFd(sys, fd, size)) text += got.text;
  bpf.close(fd);
  return text;
}

/** Numbers of objects become their order; sizes of code, which no other machine has, go. */
function byOrder(text: string): string {
  const ids = [...text.matchAll(/(?:^ +|id=)(\d+) /gm)].map(([, id]) => id);
  return text
    .replace(/(^ +|id=)(\d+) /gm, (_, lead: string, id: string) => `${lead.trim()}#${ids.indexOf(id)} `)
    .replace(/len=\d+ jited=\d+/g, 'len jited');
}

describe('objects by number', () => {
  test.each(['map_list', 'prog_list'])('%s prints what a real kernel printed', (name) => {
    const machine = machineOf(name);
    const text = walk(machine, attach(machine));
    expect(byOrder(text)).toBe(byOrder(readCase(name).runs[0]?.output ?? ''));
  });

  test('a map that is made between two reads is seen, one that has gone is not', () => {
    const machine = machineOf('map_list');
    const { bpf, sys, mapFd } = machine;
    const fd = bpf.iterCreate(attach(machine));
    readFd(sys, fd, 1);
    bpf.close(mapFd('my_parr'));
    const spec = { type: 2, keySize: 4, valueSize: 4, maxEntries: 1, flags: 0, mapExtra: 0n };
    const rest = { numaNode: 0, btfFd: 0, btfKeyTypeId: 0, btfValueTypeId: 0, innerMapFd: 0 };
    bpf.mapCreate({ ...spec, ...rest, name: 'late' });
    let text = '';
    for (let got = readFd(sys, fd, 4096); got.ret > 0; got = readFd(sys, fd, 4096)) text += got.text;
    expect([...text.matchAll(/^ *\d+ (\S+)/gm)].map(([, map]) => map)).toEqual([
      'my_hash',
      'map_list.bss',
      'map_list.rodata',
      'late',
    ]);
  });
});

describe('elements of a map', () => {
  function filled() {
    const machine = machineOf('elem_hash');
    for (const [map, count] of [
      ['h', 20],
      ['lru', 10],
      ['a', 5],
    ] as const)
      for (let i = 0; i < count; i++)
        machine.bpf.mapUpdate(machine.mapFd(map), u32(i), u64(BigInt(i + 1) * 1000n), 0);
    return machine;
  }
  /** Hash order is seeded at boot: elements are compared without their places. */
  const elements = (text: string): string[] => text.replace(/^\d+ /gm, '').trim().split('\n').sort();
  const recorded = readCase('elem_hash').runs;
  const outputOf = (params: string): string =>
    recorded.find((run) => run.params === params)?.output ?? 'no such run';

  test.each([
    ['h', 'map=h fill=h:20 chunk=4096 prog=dump'],
    ['lru', 'map=lru fill=lru:10 chunk=4096 prog=dump'],
    ['a', 'map=a fill=a:5 chunk=4096 prog=dump'],
  ])('of %s: what a real kernel showed', (map, params) => {
    const machine = filled();
    const text = walk(machine, attach(machine, 'dump', map));
    expect(elements(text)).toEqual(elements(outputOf(params)));
  });

  test('any read size shows each element once', () => {
    const machine = filled();
    const link = attach(machine, 'dump', 'h');
    expect(walk(machine, link, 1)).toBe(walk(machine, link));
  });

  test('what a program writes through value is in the map; what it deletes is gone', () => {
    const machine = filled();
    walk(machine, attach(machine, 'incr', 'h'));
    expect(machine.bpf.mapLookup(machine.mapFd('h'), u32(3))).toEqual(u64(4007n));
    walk(machine, attach(machine, 'del', 'h'));
    expect(machine.bpf.mapLookup(machine.mapFd('h'), u32(4))).toBe(-2);
    expect(walk(machine, attach(machine, 'dump', 'h')).split('\n')).toHaveLength(12);
  });

  test('no map, a ring buffer, and the map in fdinfo and link info', () => {
    const machine = filled();
    expect(attach(machine, 'dump')).toBe(-9);
    expect(attach(machine, 'dump', 'rb')).toBe(-22);
    const link = attach(machine, 'dump', 'a');
    const map = machine.sys.fds.get('map', machine.mapFd('a'));
    expect(machine.bpf.linkInfo(link)).toMatchObject({
      target_name: 'bpf_map_elem',
      map_id: typeof map === 'number' ? -1 : map.id,
    });
  });

  test('link and sessions hold the map', () => {
    const machine = filled();
    const { bpf, mapFd } = machine;
    const link = attach(machine, 'dump', 'a');
    const fd = bpf.iterCreate(link);
    const map = machine.sys.fds.get('map', mapFd('a'));
    if (typeof map === 'number') throw new Error('no map');
    const counts = (): number[] => [map.view.num('refcnt'), map.view.num('usercnt')];
    expect(counts()).toEqual([3, 3]);
    bpf.close(link);
    expect(counts()).toEqual([2, 2]);
    bpf.close(fd);
    expect(counts()).toEqual([1, 1]);
  });
});

test('ksym: image, modules, programs, and at the end the record once more', () => {
  const { kernel: like } = machineOf('map_list');
  const symbols = Symbols.parse(
    'ffffffff81000000 T _text\nffffffff81000010 t helper\nffffffffc0000000 T exported\t[mod]\nffffffffc0000010 t inner\t[mod]\n',
  );
  const kernel = new Kernel({ release: '6.12', btf: like.btf, symbols });
  const prog = {
    addr: 0xffff_c900_0000_1000n,
    type: 't',
    name: 'bpf_prog_0123456789abcdef_dump',
    module: 'bpf',
  };
  const iter = new BpfIter({
    ...NO_OBJECTS,
    kernel,
    recorder: null,
    current: () => kernel.alloc('task_struct'),
    progSymbols: () => [prog],
    runProg: (_prog, ctx, session) => {
      const record = kernel.view('bpf_iter__ksym', ctx).deref('ksym');
      const text = record
        ? `${String.fromCharCode(record.num('type'))} ${record.str('name')} [${record.str('module_name')}] ${record.num('exported')}\n`
        : 'NULL\n';
      session.seq.write(latin1Encode(text));
      return { r0: 0n, retired: 1 };
    },
  });
  const program = {
    id: 1,
    addr: 0n,
    tag: '',
    name: 'dump',
    attachBtfId: 0,
    sleepable: false,
    maxRdonlyAccess: 0,
    maxRdwrAccess: 0,
  };
  const session = Session.open(iter, ksymTarget, program, kernel.alloc('bpf_iter_aux_info'), 0n);
  if (typeof session === 'number') throw new Error('open failed');
  let text = '';
  for (let ret = 1; ret > 0;) {
    const run = bpfSeqRead(session, 20, (data) => {
      text += latin1Decode(data);
      return true;
    });
    let step = run.next();
    while (step.done !== true) step = run.next();
    ret = step.value;
  }
  expect(text).toBe(
    [
      'T _text [] 0',
      't helper [] 0',
      't exported [mod] 1',
      't inner [mod] 0',
      't bpf_prog_0123456789abcdef_dump [bpf] 0',
      't bpf_prog_0123456789abcdef_dump [__builtin__kprobes] 0',
      '',
    ].join('\n'),
  );
});
