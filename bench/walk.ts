/**
 * Objects per second of the three task iterators on a big world, read to the end with the shipped examples,
 * beside plain loops that print the same text; and what recording a walk for the page costs.
 */
import { parseWorld } from '../src/engine/kernel/world.ts';
import type { World } from '../src/engine/kernel/world.ts';
import { latin1Decode } from '../src/shared/utf8.ts';
import { bigWorld } from './big_world.ts';
import { attachAll, loadSource, machineOf, readAll } from './machine.ts';
import { inProcess, race } from './measure.ts';
import { PLAIN } from './plain.ts';
import { ms, perSecond, times } from './report.ts';
import type { Group, Metric, Row } from './report.ts';
import { readSource } from './sources.ts';

type Target = keyof typeof PLAIN;
const TARGETS = Object.keys(PLAIN) as Target[];
const ROUNDS = 3;

/** @returns reads the whole iterator file once */
function walkOf(world: World, target: Target, recorded: boolean): () => string {
  const machine = machineOf(world, recorded);
  const fd = loadSource(machine, `${target}.bpf.c`, readSource(`app/examples/${target}.bpf.c`));
  const link = attachAll(machine, fd);
  return () => {
    machine.recorder.sessions.length = 0;
    return readAll(machine, link).map(latin1Decode).join('');
  };
}

/** Lines without those of the reader, who has the iterator's own files open. */
const others = (text: string, { reader }: World): string[] =>
  text.split('\n').filter((line) => Number(/^ *(\d+) /.exec(line)?.[1]) !== reader);

export function walkGroup(objects: number): Group {
  const world = parseWorld(bigWorld(objects));
  const rows: Row[] = [];
  const metrics: Metric[] = [];
  for (const target of TARGETS) {
    const walk = walkOf(world, target, false);
    const plain = (): string => PLAIN[target](world);
    const [ours, theirs] = [others(walk(), world), others(plain(), world)];
    const differs = ours.findIndex((line, i) => line !== theirs[i]);
    if (differs >= 0 || ours.length !== theirs.length)
      throw new Error(
        `${target}, line ${differs}: the iterator printed ${ours[differs]}, plain ${theirs[differs]}`,
      );
    const found = race({ ours: inProcess(walk), plain: inProcess(plain) }, ROUNDS);
    const ratio = found.ours.warm / found.plain.warm;
    rows.push({
      what: `${target}, ${ours.length} lines`,
      cells: [
        ms(found.ours.cold),
        ms(found.ours.warm),
        perSecond((ours.length / found.ours.warm) * 1000),
        perSecond((ours.length / found.plain.warm) * 1000),
        times(ratio),
      ],
    });
    metrics.push({
      name: `walk: ${target}, ours / plain loop, ${objects} objects`,
      value: ratio,
      better: 'lower',
      tolerance: 2.5,
    });
  }
  return {
    title: `Iterators on ${objects} objects`,
    columns: ['cold', 'warm', 'objects', 'plain loop', 'ours costs'],
    rows,
    metrics,
    notes: [],
  };
}

export function recordingGroup(objects: number): Group {
  const world = parseWorld(bigWorld(objects));
  const found = race(
    {
      without: inProcess(walkOf(world, 'task_file', false)),
      with: inProcess(walkOf(world, 'task_file', true)),
    },
    ROUNDS,
  );
  const ratio = found.with.warm / found.without.warm;
  return {
    title: `Recording a task_file walk over ${objects} objects`,
    columns: ['not recorded', 'recorded', 'recorded costs'],
    rows: [{ what: 'task_file', cells: [ms(found.without.warm), ms(found.with.warm), times(ratio)] }],
    metrics: [{ name: 'recording: with / without', value: ratio, better: 'lower', tolerance: 1.4 }],
    notes: [],
  };
}
