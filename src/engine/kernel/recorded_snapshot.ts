/**
 * The text of a recorded machine: which parts of /proc it has and how they are nested. Nothing is read into
 * the texts here.
 */
import * as v from 'valibot';
import { checkTexts } from './snapshot_lines.ts';
import { WorldError } from './world.ts';

const fdText = v.object({
  fd: v.number(),
  link: v.string(),
  ino: v.number(),
  dev: v.string(),
  mode: v.string(),
  size: v.number(),
  nlink: v.number(),
  fdinfo: v.string(),
  /** Accessed, modified and changed: seconds since 1970. */
  times: v.optional(v.pipe(v.array(v.pipe(v.number(), v.minValue(0))), v.length(3))),
});
const threadText = v.object({
  tid: v.number(),
  comm: v.string(),
  stat: v.string(),
  status: v.string(),
  oom_score_adj: v.optional(v.nullable(v.string()), '0'),
  wchan: v.optional(v.nullable(v.string()), ''),
  cgroup: v.optional(v.nullable(v.string()), ''),
  stack: v.optional(v.nullable(v.string()), ''),
  syscall: v.optional(v.nullable(v.string()), ''),
  fds: v.array(fdText),
});
const processText = v.object({
  pid: v.number(),
  exe: v.nullable(v.string()),
  /** Arguments, each with its NUL. */
  cmdline: v.optional(v.nullable(v.string()), ''),
  cwd: v.nullable(v.string()),
  maps: v.string(),
  vmflags: v.array(v.string()),
  ns: v.record(v.string(), v.string()),
  threads: v.pipe(v.array(threadText), v.minLength(1)),
});
const cgroupText = v.object({
  path: v.string(),
  id: v.number(),
  /** cgroup.controllers */
  controllers: v.optional(v.nullable(v.string()), ''),
  /** Other files by name, such as memory.current. */
  files: v.optional(v.record(v.string(), v.string()), {}),
});
const SnapshotSchema = v.object({
  encoding: v.string(),
  uname_release: v.string(),
  version: v.optional(v.string(), ''),
  monotonic_ns: v.number(),
  self: v.number(),
  cpuinfo: v.string(),
  mounts: v.string(),
  net: v.record(v.string(), v.string()),
  slabinfo: v.optional(v.string(), ''),
  /** /proc/stat, /proc/cmdline */
  stat: v.optional(v.string(), ''),
  cmdline: v.optional(v.string(), ''),
  cgroups: v.optional(v.array(cgroupText), []),
  processes: v.pipe(v.array(processText), v.minLength(1)),
});

export type Snapshot = v.InferOutput<typeof SnapshotSchema>;
export type ProcessText = v.InferOutput<typeof processText>;
export type ThreadText = v.InferOutput<typeof threadText>;
export type CgroupText = v.InferOutput<typeof cgroupText>;
export type FdText = v.InferOutput<typeof fdText>;

/** True for the text of a snapshot, false for a world of ours. */
export const isRecorded = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'processes' in value && 'encoding' in value;

/** @throws WorldError */
export function parseSnapshot(value: unknown): Snapshot {
  const result = v.safeParse(SnapshotSchema, value);
  if (result.success) {
    checkTexts(result.output);
    return result.output;
  }
  const [issue] = result.issues;
  const path = (issue.path ?? []).map(({ key }) =>
    typeof key === 'number' ? `[${key}]` : `.${String(key)}`,
  );
  throw new WorldError(path.join(''), issue.message);
}
