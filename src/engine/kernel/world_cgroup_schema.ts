/** Cgroups of a world: where each is, what it passes on, and what its controllers' files say. */
import * as v from 'valibot';
import { CONTROLLER_NAMES } from './objects/cgroup_css.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const limit = v.union([v.literal('max'), count]);

/** Bytes, as in memory.current, memory.max and their like. */
const memory = v.strictObject({
  /** Left out: the resident pages of its tasks. */
  current: v.optional(count),
  peak: v.optional(count),
  min: v.optional(limit, 0),
  low: v.optional(limit, 0),
  high: v.optional(limit, 'max'),
  max: v.optional(limit, 'max'),
  oomGroup: v.optional(v.boolean(), false),
  /** memory.events: of this cgroup and those below it. */
  events: v.optional(
    v.strictObject({
      low: v.optional(count, 0),
      high: v.optional(count, 0),
      max: v.optional(count, 0),
      oom: v.optional(count, 0),
      oom_kill: v.optional(count, 0),
      oom_group_kill: v.optional(count, 0),
    }),
  ),
});

/** Microseconds, as in cpu.stat and cpu.max. */
const cpu = v.strictObject({
  /** cpu.weight: 100 is the usual share. */
  weight: v.optional(v.pipe(count, v.minValue(1), v.maxValue(10_000)), 100),
  quota: v.optional(limit, 'max'),
  period: v.optional(v.pipe(count, v.minValue(1000), v.maxValue(1_000_000)), 100_000),
  periods: v.optional(count, 0),
  throttled: v.optional(count, 0),
  throttledTime: v.optional(count, 0),
});

export const cgroupSchema = (path: v.GenericSchema<string, string>) =>
  v.strictObject({
    path,
    id: v.optional(count),
    /** cgroup.subtree_control: the controllers of the cgroups below. */
    subtreeControl: v.optional(v.array(v.picklist(CONTROLLER_NAMES)), []),
    memory: v.optional(memory),
    cpu: v.optional(cpu),
    pids: v.optional(v.strictObject({ max: v.optional(limit, 'max'), peak: v.optional(count) })),
    /** cpu.stat, which every cgroup has, in microseconds; left out: what its tasks spent. */
    spent: v.optional(
      v.strictObject({ usage: count, user: count, system: count, nice: v.optional(count, 0) }),
    ),
  });

export type WorldCgroup = v.InferOutput<ReturnType<typeof cgroupSchema>>;
