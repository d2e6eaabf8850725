import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Errno } from '../../shared/errno.ts';
import { latin1Decode, latin1Encode } from '../../shared/utf8.ts';
import { Btf } from '../btf/parse.ts';
import { Kernel } from '../kernel/kernel.ts';
import { Recorder } from '../trace/recorder.ts';
import { callRow } from '../../protocol/trace.ts';
import { writeRows } from '../../protocol/trace_tables.ts';
import { BpfIter, NULL, runFinalProg, runIterProg } from './bpf_iter.ts';
import type { IterProg, IterReg } from './bpf_iter.ts';
import { MAX_ITER_OBJECTS, bpfSeqRead } from './seq_read.ts';
import { Session } from './session.ts';
import { NO_OBJECTS } from './testing.ts';

const btf = Btf.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, '../../../recorded/linux-6.12/kernel/vmlinux.btf.gz'))),
);

/** What the program does with one object (its number in the walk), or at the end (null). */
type Program = (object: number | null, seqNum: number) => { text: string; ret?: number };

/** Counts to `objects`; object i is at address i + 1. `skipped` ones are passed over by the target, which takes back what it wrote. */
function counter(objects: number, skipped: ReadonlySet<number> = new Set()): IterReg {
  return {
    target: 'bpf_map',
    ctxArgs: [],
    resched: false,
    extraHelpers: [],
    seqInfo: () => ({
      privStruct: 'bpf_iter_seq_map_info',
      ops: {
        start: ({ seq }) => (seq.index < objects ? BigInt(seq.index + 1) : NULL),
        next: ({ seq }) => {
          seq.index++;
          return seq.index < objects ? BigInt(seq.index + 1) : NULL;
        },
        show: (session, object) => {
          if (!skipped.has(Number(object) - 1)) return runIterProg(session, (ctx) => ctx.set('map', object));
          session.seq.write(latin1Encode('passed over'));
          return 1;
        },
        stop: (session, object) => {
          if (object === NULL) runFinalProg(session);
        },
      },
    }),
    identify: (_session, object) => ({ owner: 0n, key: Number(object) - 1 }),
    code: [],
  };
}

const PROG: IterProg = {
  id: 1,
  addr: 0xffff_8880_dead_0000n,
  tag: '0'.repeat(16),
  name: 'p',
  attachBtfId: 1,
  sleepable: false,
  maxRdonlyAccess: 0,
  maxRdwrAccess: 0,
};

/** A session over a fake target whose program is TypeScript; `reads` gives lengths and errno names. */
function session(
  objects: number,
  program: Program,
  skipped?: ReadonlySet<number>,
  recorder: Recorder | null = new Recorder(),
) {
  const kernel = new Kernel({ release: '6.12', btf });
  const calls: string[] = [];
  const iter = new BpfIter({
    kernel,
    recorder,
    current: () => kernel.alloc('task_struct'),
    ...NO_OBJECTS,
    runProg: (_prog, ctx, s) => {
      const view = kernel.view('bpf_iter__bpf_map', ctx);
      const object = view.ptr('map') === 0n ? null : Number(view.ptr('map')) - 1;
      const seqNum = kernel.view('bpf_iter_meta', view.ptr('meta')).num('seq_num');
      calls.push(`${object ?? 'end'}#${seqNum}`);
      const { text, ret = 0 } = program(object, seqNum);
      s.seq.write(latin1Encode(text));
      return { r0: BigInt(ret), retired: 1 };
    },
  });
  const opened = Session.open(iter, counter(objects, skipped), PROG, kernel.alloc('bpf_iter_aux_info'), 0n);
  if (typeof opened === 'number') throw new Error('open failed');
  let output = '';
  const read = (size: number, faults = false, maxObjects?: number): number => {
    const copy = (data: Uint8Array): boolean => {
      if (!faults) output += latin1Decode(data);
      return !faults;
    };
    const run = bpfSeqRead(opened, size, copy, maxObjects);
    for (;;) {
      const step = run.next();
      if (step.done === true) return step.value;
    }
  };
  return {
    session: opened,
    calls,
    read,
    reads: (size: number, times: number) => Array.from({ length: times }, () => read(size)),
    output: () => output,
  };
}

const text = (length: number, trailer = ''): Program => {
  return (object) => ({ text: object === null ? trailer : 'x'.repeat(length) });
};

describe('what a reader gets of a buffer of 32768 bytes', () => {
  const E2BIG = -Errno.E2BIG;
  test.for([
    {
      name: '3 objects of 20000 bytes',
      objects: 3,
      program: text(20000),
      size: 65536,
      want: [20000, 20000, 20000, 0],
    },
    {
      name: '3 objects of 10000 and a trailer of 10',
      objects: 3,
      program: text(10000, 't'.repeat(10)),
      size: 65536,
      want: [30010, 0],
    },
    {
      name: '3 objects of 10000 and a trailer of 5000',
      objects: 3,
      program: text(10000, 't'.repeat(5000)),
      size: 65536,
      want: [30000, 5000, 0],
    },
    {
      name: 'a trailer of the whole buffer behind nothing',
      objects: 1,
      program: text(0, 't'.repeat(32768)),
      size: 65536,
      want: [E2BIG, E2BIG],
    },
    {
      name: 'a trailer of the whole buffer behind an object',
      objects: 1,
      program: text(100, 't'.repeat(32768)),
      size: 65536,
      want: [100, E2BIG, E2BIG],
    },
    {
      name: 'one object one byte short of the buffer',
      objects: 1,
      program: text(32767),
      size: 65536,
      want: [32767, 0],
    },
    {
      name: 'one object of the whole buffer',
      objects: 1,
      program: text(32768),
      size: 65536,
      want: [E2BIG, E2BIG, E2BIG],
    },
    {
      name: '2 objects of 100, read by 50',
      objects: 2,
      program: text(100),
      size: 50,
      want: [50, 50, 50, 50, 0, 0],
    },
    { name: '2 objects of 100, read by 100', objects: 2, program: text(100), size: 100, want: [100, 100, 0] },
    { name: 'no output but a trailer', objects: 2, program: text(0, 'x'), size: 65536, want: [1, 0] },
    { name: 'no objects, a trailer', objects: 0, program: text(0, 'x'), size: 65536, want: [1, 0] },
  ])('$name', ({ objects, program, size, want }) => {
    expect(session(objects, program).reads(size, want.length)).toEqual(want);
  });
});

test('a read of size 0 shows one object, which the next read delivers alone', () => {
  const s = session(2, text(10));
  expect([s.read(0), s.read(4096), s.read(4096), s.read(4096)]).toEqual([0, 10, 10, 0]);
});

test('the trailer that did not fit makes the program run twice, with the number of the last object', () => {
  const s = session(3, text(10000, 't'.repeat(5000)));
  s.reads(65536, 3);
  expect(s.calls).toEqual(['0#0', '1#1', '2#2', 'end#2', 'end#2']);
});

test('an object that overflowed is shown again with the same seq_num, and its text comes once', () => {
  const s = session(3, text(20000));
  s.reads(65536, 4);
  expect(s.calls).toEqual(['0#0', '1#1', '1#1', '2#2', '2#2', 'end#2']);
  expect(s.output()).toHaveLength(60000);
});

test('return 1 drops the text and offers the object again: EAGAIN when nothing came before it', () => {
  let left = 2;
  const s = session(3, (object) => ({
    text: `${object ?? 'end'} `,
    ret: object === 1 && left-- > 0 ? 1 : 0,
  }));
  expect(s.reads(4096, 4)).toEqual([2, -Errno.EAGAIN, 8, 0]);
  expect(s.output()).toBe('0 1 2 end ');
  expect(s.calls).toEqual(['0#0', '1#1', '1#1', '1#1', '2#2', 'end#2']);
});

test('a program that always returns 1 never gets past the object; its return at the end is ignored', () => {
  expect(session(2, () => ({ text: 'x', ret: 1 })).reads(4096, 3)).toEqual([-11, -11, -11]);
  expect(session(0, () => ({ text: 'end', ret: 1 })).reads(4096, 3)).toEqual([3, 0, 0]);
});

test('an object that the target passes over gives its number back', () => {
  const s = session(4, text(1), new Set([0, 2]));
  s.reads(4096, 2);
  expect(s.calls).toEqual(['1#0', '3#1', 'end#1']);
});

test('EFAULT leaves the text for the next read', () => {
  const s = session(2, text(10));
  expect([s.read(15, true), s.read(15), s.read(15), s.read(15)]).toEqual([-Errno.EFAULT, 15, 5, 0]);
});

test('after a million silent objects a read fails with EAGAIN, and the walk goes on', () => {
  expect(MAX_ITER_OBJECTS).toBe(1_000_000);
  const s = session(1500, text(0, 'x'));
  expect([s.read(4096, false, 1000), s.read(4096, false, 1000), s.read(4096)]).toEqual([-Errno.EAGAIN, 1, 0]);
  expect(s.calls.filter((call) => call === '999#999' || call === '1000#1000')).toHaveLength(2);
  expect(s.calls.at(-1)).toBe('end#1499');
});

test('with text gathered before, the read that visited so many returns it', () => {
  const s = session(1500, (object) => ({ text: object === 3 ? 'three' : '' }));
  expect([s.read(4096, false, 1000), s.read(4096, false, 1000), s.read(4096)]).toEqual([5, 0, 0]);
});

test('any read size gives the same bytes', () => {
  const program: Program = (object) => ({ text: object === null ? 'end\n' : `object ${object}\n` });
  const whole = session(30, program);
  whole.reads(65536, 2);
  for (const size of [1, 7, 64, 4096]) {
    const s = session(30, program);
    while (s.read(size) > 0);
    expect(s.output()).toBe(whole.output());
  }
});

test('whatever the texts and the sizes of the reads: all of it, once, in order, then 0 for ever', () => {
  const length = fc.oneof(fc.nat(40), fc.nat(32767), fc.constant(32767));
  const size = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 70000 }));
  fc.assert(
    fc.property(
      fc.array(length, { maxLength: 12 }),
      length,
      fc.infiniteStream(size),
      (lengths, trailer, sizes) => {
        const textOf = (object: number | null): string =>
          String.fromCharCode(97 + ((object ?? 25) % 26)).repeat(
            object === null ? trailer : (lengths[object] ?? 0),
          );
        const s = session(lengths.length, (object) => ({ text: textOf(object) }), undefined, null);
        const wanted = lengths.map((_, i) => textOf(i)).join('') + textOf(null);
        for (const each of sizes) {
          const got = s.read(each);
          expect(got).toBeGreaterThanOrEqual(0);
          expect(got).toBeLessThanOrEqual(Math.min(each, 32767));
          if (got === 0) break;
        }
        expect(s.output() === wanted).toBe(true);
        expect(s.read(4096)).toBe(0);
        expect(s.calls.filter((call) => call.startsWith('end')).length).toBeGreaterThan(0);
      },
    ),
    { seed: 612, numRuns: 60 },
  );
});

test('the trace has one row for each callback, and one for the copy', () => {
  const s = session(2, text(20000));
  s.reads(65536, 3);
  const trace = s.session.recorder?.trace();
  if (!trace) throw new Error('no trace');
  const rows = Array.from({ length: trace.length }, (_, i) => {
    const row = callRow(trace, i);
    return (
      row && `${row.read} ${row.kind} ${row.object} #${row.seqNum} ${row.count} ${row.result} ${row.progRet}`
    );
  });
  expect(rows).toEqual([
    '0 start 1 #0 0 1 -1',
    '0 show 1 #0 20000 0 0',
    '0 next 2 #1 20000 1 -1',
    `0 show 2 #1 20000 ${-Errno.EOVERFLOW} 0`,
    '0 stop 2 #1 20000 0 -1',
    '0 copy 0 #1 0 20000 -1',
    '1 start 2 #1 0 1 -1',
    '1 show 2 #1 20000 0 0',
    '1 next 0 #1 20000 0 -1',
    '1 stop 0 #1 20000 1 0',
    '1 copy 0 #1 0 20000 -1',
    '2 start 0 #1 0 0 -1',
    '2 stop 0 #1 0 0 -1',
    '2 copy 0 #1 0 0 -1',
  ]);
  expect(writeRows(trace.writes)).toEqual([
    { call: 1, at: 0, length: 20000 },
    { call: 7, at: 0, length: 20000 },
  ]);
});

test('sessions are numbered over all targets, and one whose init fails draws no number', () => {
  const a = session(1, text(1)).session;
  const open = (err: number) => {
    const reg = counter(1);
    const info = { ...reg.seqInfo(a.kernel, a.priv), initPriv: () => err };
    return Session.open(
      a.iter,
      { ...reg, seqInfo: () => info },
      PROG,
      a.kernel.alloc('bpf_iter_aux_info'),
      0n,
    );
  };
  expect(open(-Errno.ENOMEM)).toBe(-Errno.ENOMEM);
  const b = open(0);
  expect([a.id, typeof b === 'number' ? b : b.id]).toEqual([1, 2]);
});
