/**
 * World build time and size for 10^3 to 10^6 objects: from JSON text to a kernel of bytes, beside
 * JSON.parse and structuredClone of the same text, which is the least a copy of it in JavaScript costs.
 */
import { bigWorld } from '../src/engine/kernel/big_world.ts';
import { buildWorld } from '../src/engine/kernel/build_world.ts';
import { Types } from '../src/engine/kernel/types.ts';
import { parseWorldText } from '../src/engine/kernel/world.ts';
import { shippedBtf } from './machine.ts';
import { cpuMs, inProcess, race } from './measure.ts';
import type { Samples } from './measure.ts';
import { figure, ms, times } from './report.ts';
import type { Group, Row } from './report.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;
/** Objects of the smallest world: one household. */
const SMALLEST = 50;
/** From here on one round is enough: it takes long, and smaller worlds have warmed the code up. */
const LONG = 100_000;
/** A world that would take longer is left out. */
const MOST_MS = 180_000;
const build = (text: string) => buildWorld(parseWorldText(text), { btf: shippedBtf });
const types = new Types(shippedBtf);
const textOf = (objects: number): string =>
  JSON.stringify(bigWorld(objects, (struct) => types.struct(struct).size));

interface Measured {
  readonly objects: number;
  readonly check: number;
  readonly ours: number;
  readonly peer: number;
  readonly bytes: number;
}

function measure(objects: number): Measured {
  const text = textOf(objects);
  const empty = build(textOf(SMALLEST)).mem.used;
  let used = 0;
  const found = race(
    {
      ours: inProcess(() => (used = build(text).mem.used)),
      check: inProcess(() => parseWorldText(text)),
      peer: inProcess(() => structuredClone(JSON.parse(text) as unknown)),
    },
    objects < LONG ? 3 : 0,
  );
  const cost = ({ cold, warm }: Samples): number => (objects < LONG ? warm : cold);
  return {
    objects,
    ours: cost(found.ours),
    peer: cost(found.peer),
    check: cost(found.check),
    bytes: (used - empty) / (objects - SMALLEST),
  };
}

export function worldGroup(): Group {
  const cold = cpuMs(() => build(textOf(SMALLEST)));
  const all: Measured[] = [];
  const notes = [`The first world of a process, with one household of ${SMALLEST} objects: ${ms(cold)}.`];
  for (const objects of SIZES) {
    const last = all.at(-1);
    const expected = last ? last.ours * (objects / last.objects) * 2.5 : 0;
    if (expected > MOST_MS)
      notes.push(`${objects} objects would take more than ${MOST_MS / 1000} s: left out.`);
    else all.push(measure(objects));
  }
  /** Cost of an object against its cost in the world before: 1 is linear. */
  const growth = all.map((each, i) => {
    const before = all[i - 1];
    return before ? each.ours / each.objects / (before.ours / before.objects) : NaN;
  });
  const rows = all.map((each, i): Row => ({
    what: `${each.objects} objects`,
    cells: [
      ms(each.ours),
      `${figure((each.ours / each.objects) * 1000)} µs`,
      Number.isNaN(growth[i]) ? '-' : times(growth[i] ?? NaN),
      ms(each.check),
      `${each.bytes.toFixed(0)} B`,
      ms(each.peer),
      times(each.ours / each.peer),
    ],
  }));
  const second = all[1];
  return {
    title: 'World build',
    columns: ['build', 'per object', 'growth', 'of it: reading', 'per object', 'parse + clone', 'ours costs'],
    rows,
    metrics: second
      ? [
          {
            name: 'world: growth from 10^3 to 10^4',
            value: growth[1] ?? NaN,
            better: 'lower',
            tolerance: 1.6,
          },
          {
            name: 'world: build / JSON.parse + structuredClone, 10^4',
            value: second.ours / second.peer,
            better: 'lower',
            tolerance: 1.8,
          },
          { name: 'world: bytes per object, 10^4', value: second.bytes, better: 'lower', tolerance: 1.1 },
        ]
      : [],
    notes,
  };
}
