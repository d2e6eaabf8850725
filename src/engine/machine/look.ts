/**
 * All that is to be seen of a moment, in one pass over the run: first the structs as they were at the moment
 * that they are compared with, then the moment's call, its instructions on the way.
 */
import type { Look, LookQuestion, PeekStruct, SeenStruct, StructRef } from '../../protocol/peek.ts';
import { dumpStruct } from '../inspect/struct_dump.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Machine } from './boot.ts';
import type { LineValues } from './line_values.ts';
import type { MapsThen, MapsView } from './look_maps.ts';
import { MAX_STEPS, TakenSteps } from './replay.ts';
import type { Replay } from './replay.ts';

interface Seen {
  readonly ctx: PeekStruct | null;
  readonly meta: PeekStruct | null;
  readonly object: PeekStruct | null;
  readonly watched: readonly (PeekStruct | null)[];
  readonly maps: MapsThen | null;
}

/** Who sees more than structs of a moment; null: it is not to be seen. */
export interface Lookers {
  /** Sees the instructions, if the variables of the program are known. */
  readonly lines: LineValues | null;
  readonly maps: MapsView | null;
}

export function lookAt(replay: Replay, question: LookQuestion, { lines, maps }: Lookers): Look {
  const { moment, before, program } = question;
  const all = (kernel: Kernel, machine: Machine): Seen => ({
    ...structsOf(kernel, question),
    maps: maps && maps.at(machine, moment.session),
  });
  const earlier = before && replay.at(before, all);
  const taken = program === 'variables and steps' ? new TakenSteps() : null;
  const upTo = Math.min(moment.insn ?? Infinity, MAX_STEPS);
  const answer = replay.at(
    moment,
    all,
    program === 'none'
      ? undefined
      : (n, pc, vm) => {
          taken?.see(pc, vm);
          if (n <= upTo) lines?.see(pc, vm);
        },
  );
  const seen = (of: (structs: Seen) => PeekStruct | null | undefined): SeenStruct | null => {
    const now = answer && of(answer);
    return now ? { now, before: (earlier && of(earlier)) ?? null } : null;
  };
  return {
    ctx: seen(({ ctx }) => ctx),
    meta: seen(({ meta }) => meta),
    object: seen(({ object }) => object),
    watched: question.watched.map((_, i) => seen(({ watched }) => watched[i])),
    maps: (maps && answer?.maps && maps.compare(answer.maps, earlier?.maps ?? null)) ?? null,
    steps: taken?.steps() ?? null,
    variables: program === 'none' ? null : (lines?.seen() ?? { now: [], lines: [] }),
  };
}

function structsOf(kernel: Kernel, { ctx, object, watched }: LookQuestion): Omit<Seen, 'maps'> {
  const dump = (ref: StructRef | null): PeekStruct | null => ref && dumpStruct(kernel, ref.struct, ref.addr);
  const context = dump(ctx);
  return {
    ctx: context,
    meta: dump(context?.fields.find(({ path }) => path === 'meta')?.pointer ?? null),
    object: dump(object),
    watched: watched.map(dump),
  };
}
