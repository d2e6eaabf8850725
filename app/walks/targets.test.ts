/**
 * What holds for every target, in every shipped world that has objects for it: the order is the one that can be
 * said without walking; however the reads are cut, the text is the same where Linux promises that; and whatever
 * goes wrong on the way, everything that was taken is given back.
 */
import { expect, test } from 'vitest';

import { TARGET_NAMES } from '../../src/engine/abi/releases.ts';
import { checkImage } from '../../src/engine/kernel/check_image.ts';
import { sceneOf } from '../../src/engine/scene/scene.ts';
import { callRow } from '../../src/protocol/trace.ts';
import { ORDERS } from './orders.ts';
import { caseName, objectsOf, WalkSession } from './session.ts';
import type { Misbehaviour, WalkCase } from './session.ts';
import { heldRows } from '../../src/protocol/trace_tables.ts';

const in612 = (target: string, worlds: readonly string[], more: Partial<WalkCase> = {}): WalkCase[] =>
  worlds.map((world) => ({ target, world, ...more }));
const SOCKETS = ['sockets', 'demo'];
const CASES: readonly WalkCase[] = [
  ...in612('task', ['threads', 'containers', 'graphics']),
  ...in612('task', ['threads'], { attach: { pid: 300 } }),
  ...in612('task_file', ['shared-files', 'graphics']),
  ...in612('task_file', ['demo'], { attach: { tid: 1 } }),
  ...in612('task_vma', ['threads', 'demo']),
  ...in612('bpf_map', ['sockets', 'demo']),
  ...in612('bpf_prog', ['demo']),
  ...in612('bpf_link', ['demo']),
  ...in612('bpf_map_elem', ['demo'], { attach: { map: 'numbers' }, fill: 14 }),
  ...in612('bpf_map_elem', ['demo'], { attach: { map: 'places' }, fill: 3 }),
  ...in612('bpf_map_elem', ['demo'], { attach: { map: 'each_cpu' }, fill: 9 }),
  ...in612('bpf_sk_storage_map', ['sockets'], { attach: { map: 'sk_bytes' } }),
  ...in612('sockmap', ['sockets'], { attach: { map: 'proxied' } }),
  ...in612('sockmap', ['sockets'], { attach: { map: 'backends' } }),
  ...in612('cgroup', ['containers'], { attach: { order: 'pre' } }),
  ...in612('cgroup', ['containers'], { attach: { order: 'post' } }),
  ...in612('cgroup', ['containers'], { attach: { order: 'self' } }),
  ...in612('ksym', ['demo']),
  ...in612('tcp', SOCKETS),
  ...in612('udp', SOCKETS),
  ...in612('udp', ['sockets'], { release: '7.0' }),
  ...in612('unix', SOCKETS),
  ...in612('netlink', SOCKETS),
  ...in612('ipv6_route', ['sockets', 'demo']),
  ...in612('kmem_cache', ['graphics'], {}),
  ...in612('kmem_cache', ['demo'], { release: '7.0' }),
  ...in612('dmabuf', ['graphics']),
];
const named = CASES.map((walk) => ({ name: `${caseName(walk)} ${walk.release ?? ''}`.trim(), walk }));

/** Numbers that look random and are the same in each run. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
const WHOLE = 1 << 20;
const whole = (): number => WHOLE;

/** References and locks that the trace says are still held. */
function stillHeld(session: WalkSession): string[] {
  const open = new Map<string, number>();
  for (const { kind, object, delta } of heldRows(session.trace.held)) {
    const key = `${kind} ${object}`;
    open.set(key, (open.get(key) ?? 0) + delta);
  }
  return [...open].flatMap(([key, n]) => (n === 0 ? [] : [`${key}: ${n}`]));
}

test('every target of every release is in the table', () => {
  expect([...new Set(CASES.map(({ target }) => target))].toSorted()).toEqual([...TARGET_NAMES].toSorted());
});

test.for(named)('$name: the order is the one that can be said without walking', ({ walk }) => {
  const session = new WalkSession(walk);
  const expected = ORDERS[walk.target]?.(session, walk) ?? [];
  const text = session.readAll(whole);
  const shown = objectsOf(text);
  // The record of the last symbol is shown once more, at the end.
  expect(walk.target === 'ksym' ? shown.slice(0, -1) : shown).toEqual(expected);
  expect(walk.world === 'demo' || shown.length > 0).toBe(true);
  expect(text.endsWith('end\n')).toBe(!['ksym', 'dmabuf'].includes(walk.target));
});

/** Targets whose walks do not go on where a read ended; each has a test of its own. */
const CUT_SHORT = ['unix', 'cgroup'];
const begins = (walk: WalkCase): boolean =>
  CUT_SHORT.includes(walk.target) || walk.attach?.map === 'backends';

test.for(named.filter(({ walk }) => !begins(walk)))(
  '$name: however the reads are cut, the text is the same',
  ({ walk }) => {
    const expected = new WalkSession(walk).readAll(whole);
    for (const [seed, most] of [
      [1, 3],
      [2, 60],
      [3, 700],
    ] as const) {
      const next = random(seed);
      expect(new WalkSession(walk).readAll(() => 1 + Math.floor(next() * most))).toEqual(expected);
    }
  },
);

test('a sockhash read in small pieces begins its bucket again with every read, and never leaves it', () => {
  const walk: WalkCase = { target: 'sockmap', world: 'sockets', attach: { map: 'backends' } };
  const all = objectsOf(new WalkSession(walk).readAll(whole));
  const small = objectsOf(new WalkSession(walk).readAll(() => 1, 300));
  const [crowded] = small;
  expect(new Set(small).size).toBeLessThan(new Set(all).size);
  expect(small.filter((key) => key === crowded).length).toBeGreaterThan(20);
});

test('a cgroup walk whose text does not fit one read ends with EOPNOTSUPP', () => {
  const session = new WalkSession({ target: 'cgroup', world: 'containers', attach: { order: 'pre' } });
  expect(session.read(1).ret).toBe(1);
  let got = session.read(WHOLE);
  expect(got.ret).toBeGreaterThan(1);
  got = session.read(WHOLE);
  expect(got.ret).toBe(-95);
});

const TROUBLE: readonly {
  readonly what: string;
  readonly how: Misbehaviour;
  readonly size: number;
  readonly reads: number;
}[] = [
  { what: 'to its end', how: {}, size: WHOLE, reads: 1000 },
  { what: 'in small reads', how: {}, size: 20, reads: 4000 },
  { what: 'closed before it is read', how: {}, size: 1, reads: 0 },
  { what: 'closed after one short read', how: {}, size: 1, reads: 1 },
  { what: 'closed with text that waits', how: {}, size: 30, reads: 3 },
  { what: 'whose first object is shown again', how: { againAt: 0 }, size: WHOLE, reads: 1000 },
  { what: 'whose second object is shown again', how: { againAt: 1 }, size: WHOLE, reads: 1000 },
  { what: 'whose second object is too much', how: { tooMuchAt: 1 }, size: WHOLE, reads: 6 },
];

test.for(named)('$name: what is taken is given back, whatever happens', ({ walk }) => {
  for (const { what, how, size, reads } of TROUBLE) {
    const session = new WalkSession(walk, how);
    const { kernel } = session.machine;
    const before = checkImage(kernel);
    session.readAll(() => size, reads);
    session.close();
    expect([what, stillHeld(session)]).toEqual([what, []]);
    expect([what, checkImage(kernel)]).toEqual([what, before]);
  }
});

/** Targets whose pictures and algorithms have no test of their own. */
const LISTED = named.filter(({ walk }) =>
  ['ipv6_route', 'sockmap', 'bpf_sk_storage_map', 'kmem_cache', 'dmabuf'].includes(walk.target),
);

test.for(LISTED)(
  '$name: the picture has every object that is shown, in the order of the walk',
  ({ walk }) => {
    const session = new WalkSession(walk);
    const [opened] = session.machine.sys.fds.openSessions;
    const scene = opened ? sceneOf(opened) : null;
    const drawn = (scene?.nodes ?? [])
      .filter(({ kind }) => kind === 'item' || kind === 'slot')
      .toSorted((a, b) => a.y - b.y || a.x - b.x)
      .map(({ addr, owner, key }) => [addr, owner, key]);
    session.readAll(whole);
    const { trace } = session;
    const shown = Array.from({ length: trace.length }, (_, call) => callRow(trace, call)).flatMap((row) =>
      row?.kind === 'show' ? [[row.object, row.owner, row.key]] : [],
    );
    expect(drawn).toEqual(shown);
  },
);

/** Lines that no walk of these comes by, with the reason. */
const UNREACHED = { 'ipv6_route.changed': 'nothing changes a table while it is walked' };

test.for(LISTED)(
  '$name: every line of its algorithm is drawn, and every line drawn is reached',
  ({ walk }) => {
    const session = new WalkSession(walk);
    session.readAll(() => 300);
    const { code = [] } = session.machine.sys.iter.find(walk.target) ?? {};
    const ids = code.flatMap(({ lines }) => lines.map(({ id }) => id));
    const reached = session.trace.lines.ids.filter((id) => !id.startsWith('read.'));
    expect([...new Set(reached)].toSorted()).toEqual(ids.filter((id) => !(id in UNREACHED)).toSorted());
  },
);

const DMABUF: WalkCase = { target: 'dmabuf', world: 'graphics' };

test('dmabuf: each read that fails at the first buffer keeps one more reference, and only the last is given back', () => {
  const session = new WalkSession(DMABUF, { tooMuchAt: 0 });
  for (let i = 0; i < 4; i++) expect(session.read(WHOLE).ret).toBe(-7);
  session.close();
  expect(stillHeld(session)).toEqual([expect.stringMatching(/^file f_count \d+: 3$/)]);
});

test('dmabuf: a first buffer that had to be shown again is waiting still at the end, and is walked from once more', () => {
  const once = objectsOf(new WalkSession(DMABUF).readAll(whole));
  expect(objectsOf(new WalkSession(DMABUF, { againAt: 0 }).readAll(whole))).toEqual([...once, ...once]);
});
