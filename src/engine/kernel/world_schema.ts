/**
 * The shape of a world: a machine as JSON, before it is bytes.
 *
 * Numbers that people know in octal (open flags, modes) are octal text as /proc prints them; addresses are
 * hex text. What may be left out has a default that depends on nothing but the rest of the world, so the
 * same world is always the same machine. docs/world.schema.json is the same shape for editors.
 */
import * as v from 'valibot';
import { cgroupSchema } from './world_cgroup_schema.ts';
import { fileState } from './world_file_schema.ts';
import { dmaBufSchema, mapSchema, routeSchema, slabCacheSchema } from './world_object_schema.ts';
import { cpuTimesSchema, mmFacts, processFacts, taskFacts } from './world_task_schema.ts';
import { socketSchema } from './world_socket_schema.ts';
import { changeSchema } from './changes/schema.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const pid = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4_194_304));
const hexText = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-fA-F]{1,16}$/, 'expected hex text such as "0xffffffff81000000"'),
);
const octalText = v.pipe(v.string(), v.regex(/^0?[0-7]{1,22}$/, 'expected octal text such as "0100002"'));
/** 12 bits and 20. */
const device = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{1,3}:[0-9a-f]{1,5}$/, 'expected "MAJOR:MINOR" in hex, at most "fff:fffff"'),
);
const decimal = v.pipe(v.string(), v.regex(/^-?[0-9]+$/, 'expected a whole number as text'));
const nsKind = v.picklist(['pid', 'net', 'mnt', 'uts', 'ipc', 'user', 'cgroup', 'time']);
const u32 = v.pipe(count, v.maxValue(0xffff_ffff));
const ids = v.tuple([u32, u32, u32, u32]);
/** PATH_MAX: no system call takes or gives a longer one. */
const path = v.pipe(v.string(), v.maxLength(4096));
const absolutePath = v.pipe(path, v.startsWith('/'));
/** The kernel keeps 15 bytes; what is longer is a worker's, whose queue /proc tells behind its name. */
const comm = v.pipe(v.string(), v.maxLength(255));

/** One opening of a file. `path` is the text of the link in /proc/PID/fd. */
const file = v.strictObject({
  path: v.pipe(path, v.minLength(1)),
  flags: v.optional(octalText, '0'),
  pos: v.optional(decimal, '0'),
  mode: v.optional(octalText),
  ino: v.optional(count),
  dev: v.optional(device),
  size: v.optional(count),
  nlink: v.optional(u32),
  uid: v.optional(u32),
  gid: v.optional(u32),
  /** Symbol of its file_operations, when it does not follow from the path. */
  fops: v.optional(v.string()),
  /** Sockets: the protocol's name. */
  protocol: v.optional(v.string()),
  /** pidfds: whose. */
  pid: v.optional(pid),
  ...fileState,
});

const fd = v.strictObject({
  fd: v.pipe(count, v.maxValue(1_048_575)),
  cloexec: v.optional(v.boolean(), false),
  /** Either the file, or the name of one in `files`, which may stand behind many fds. */
  file: v.union([v.string(), file]),
});

const perms = v.pipe(v.string(), v.regex(/^[r-][w-][x-][ps]$/, 'expected permissions such as "rw-p"'));

const vma = v.strictObject({
  start: hexText,
  end: hexText,
  /** As in /proc/PID/maps. */
  perms,
  /** Two-letter words of VmFlags in smaps; else they follow from perms. */
  flags: v.optional(v.string()),
  offset: v.optional(hexText, '0x0'),
  /** Path of the mapped file, or [heap], [stack], [vdso], [vvar]; '' for anonymous memory. */
  name: v.optional(path, ''),
  ino: v.optional(count),
  dev: v.optional(device),
});

const mm = v.strictObject({
  vmas: v.array(vma),
  layout: v.optional(v.record(v.string(), hexText), {}),
  /** Resident pages. */
  rss: v.optional(v.strictObject({ file: count, anon: count, swap: count, shmem: count })),
  ...mmFacts,
});

const caps = v.strictObject({
  inheritable: hexText,
  permitted: hexText,
  effective: hexText,
  bset: hexText,
  ambient: hexText,
});

const cred = v.strictObject({
  uid: ids,
  gid: ids,
  groups: v.optional(v.pipe(v.array(u32), v.maxLength(65_536)), []),
  caps: v.optional(caps),
});

/** A place in the unified hierarchy: `/` or `/a/b`, as in /proc/PID/cgroup behind `0::`. */
const cgroupPath = v.pipe(
  path,
  v.regex(/^(\/|(\/(?!\.\.?(\/|$))[^/]+)+)$/, 'expected "/" or a path below it such as "/a/b"'),
);

/** What a leader and a thread both have. */
const taskEntries = {
  comm,
  state: v.optional(v.picklist(['R', 'S', 'D', 'T', 't', 'Z', 'I']), 'S'),
  /** task_struct.__state itself, when the letter does not say it all. */
  rawState: v.optional(count),
  flags: v.optional(count),
  exitCode: v.optional(count, 0),
  exitSignal: v.optional(v.pipe(v.number(), v.integer())),
  nice: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-20), v.maxValue(19)), 0),
  policy: v.optional(count, 0),
  rtPriority: v.optional(count, 0),
  cpu: v.optional(count, 0),
  /** Nanoseconds since boot. */
  startTime: v.optional(count),
  voluntarySwitches: v.optional(count, 0),
  involuntarySwitches: v.optional(count, 0),
  minorFaults: v.optional(count, 0),
  majorFaults: v.optional(count, 0),
  /** Nanoseconds on the CPU. */
  userTime: v.optional(count, 0),
  systemTime: v.optional(count, 0),
  ...taskFacts,
  /** Numbers in the pid namespaces from the outermost to the task's own. */
  nspids: v.optional(v.array(pid)),
  cred: v.optional(cred),
  /** The kernel stack it sleeps on, as in /proc/PID/stack: `symbol+0x10/0x40`, innermost first, at most 64. */
  stack: v.optional(v.pipe(v.array(v.string()), v.maxLength(64))),
  /** Left out: the parent's. */
  cgroup: v.optional(cgroupPath),
};

const thread = v.strictObject({
  tid: pid,
  ...taskEntries,
  /** A file table of its own; without it the thread shares its leader's. */
  fds: v.optional(v.array(fd)),
});

const process = v.strictObject({
  pid,
  ...taskEntries,
  ppid: v.optional(count),
  pgid: v.optional(count),
  sid: v.optional(count),
  kthread: v.optional(v.boolean(), false),
  oomScoreAdj: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1000), v.maxValue(1000)), 0),
  uid: v.optional(u32, 0),
  gid: v.optional(u32, 0),
  ...processFacts,
  cwd: v.optional(path, '/'),
  exe: v.optional(path),
  /** What it was started with, the program's name first; left out: that of `exe`. */
  argv: v.optional(v.array(v.string())),
  /** Its environment: `NAME=value`. */
  env: v.optional(v.array(v.string()), []),
  /** The file table; or the process whose table this one shares (clone with CLONE_FILES). */
  fds: v.optional(v.union([v.array(fd), v.strictObject({ sharedWith: pid })]), []),
  /** The address space; or the process whose it is (vfork). Left out: made up from `exe`. */
  mm: v.optional(v.union([mm, v.strictObject({ sharedWith: pid })])),
  /** Namespaces by number, as in the links of /proc/PID/ns; what is not named is the initial one. */
  ns: v.optional(
    v.partial(
      v.strictObject({
        pid: count,
        net: count,
        mnt: count,
        uts: count,
        ipc: count,
        user: count,
        cgroup: count,
        time: count,
        pid_for_children: count,
      }),
    ),
    {},
  ),
  threads: v.optional(v.array(thread), []),
});

const mount = v.strictObject({
  id: count,
  path: absolutePath,
  fstype: v.string(),
  dev: device,
  device: v.optional(v.string(), 'none'),
});

const internal = v.strictObject({ dev: v.optional(device), mountId: v.optional(count) });

const symbol = v.union([
  hexText,
  v.strictObject({ addr: hexText, type: v.optional(v.string(), 'D'), module: v.optional(v.string(), '') }),
]);

/** What every machine has whose loopback device is up: local, up, without a next hop. */
const LOOPBACK_ROUTE = { dst: '::1/128', dev: 'lo', table: 255, metric: 0, flags: 0x8020_0001, refs: 3 };

/** One entry of a script. */
export const ChangeSchema = changeSchema({ file, address: hexText, perms, place: cgroupPath });

export const WorldSchema = v.strictObject({
  $schema: v.optional(v.string()),
  name: v.optional(v.string(), 'world'),
  description: v.optional(v.string(), ''),
  release: v.optional(v.picklist(['6.12', '7.0']), '6.12'),
  /** What uname(2) tells. */
  uname: v.optional(
    v.strictObject({
      nodename: v.optional(v.string(), 'iterscope'),
      release: v.optional(v.string(), ''),
      version: v.optional(v.string(), '#1 SMP PREEMPT_DYNAMIC'),
      machine: v.optional(v.string(), 'x86_64'),
    }),
    {},
  ),
  /** Options of the kernel's configuration that differ from the usual: as after `=` in .config, n to unset. */
  config: v.optional(v.record(v.pipe(v.string(), v.startsWith('CONFIG_')), v.string()), {}),
  /** 5 puts the direct map at 0xff11000000000000. */
  pageTableLevels: v.optional(v.picklist([4, 5]), 4),
  /** Nanoseconds since boot when the world is looked at. */
  clock: v.optional(count),
  cpuTimes: v.optional(cpuTimesSchema),
  /** The terminal behind /dev/console. */
  console: v.optional(
    v.pipe(v.string(), v.regex(/^tty(\d{1,2}|S\d{1,2})$/, 'expected a terminal such as "tty1" or "ttyS0"')),
    'tty1',
  ),
  symbols: v.optional(v.record(v.string(), symbol), {}),
  /** The first is the root. */
  mounts: v.optional(v.pipe(v.array(mount), v.minLength(1)), [
    { id: 1, path: '/', fstype: 'rootfs', dev: '0:2', device: 'rootfs' },
    { id: 24, path: '/proc', fstype: 'proc', dev: '0:16', device: 'proc' },
    { id: 25, path: '/sys', fstype: 'sysfs', dev: '0:17', device: 'sysfs' },
    { id: 26, path: '/dev', fstype: 'devtmpfs', dev: '0:6', device: 'devtmpfs' },
    { id: 27, path: '/tmp', fstype: 'tmpfs', dev: '0:18', device: 'tmpfs' },
    { id: 29, path: '/sys/fs/bpf', fstype: 'bpf', dev: '0:1a', device: 'bpf' },
  ]),
  internalMounts: v.optional(
    v.partial(
      v.strictObject({
        pipefs: internal,
        sockfs: internal,
        anon_inodefs: internal,
        nsfs: internal,
        pidfs: internal,
        shm: internal,
        dmabuf: internal,
      }),
    ),
    {},
  ),
  /** Below the root of /sys/fs/cgroup, and `/` itself; parents first. */
  cgroups: v.optional(v.array(cgroupSchema(cgroupPath)), []),
  /** Number of the inode all anonymous files share. */
  anonInode: v.optional(count, 1024),
  namespaces: v.optional(
    v.array(v.strictObject({ kind: nsKind, inum: count, parent: v.optional(count) })),
    [],
  ),
  /** Files that several fds have in common, by a name of your choice. */
  files: v.optional(v.record(v.string(), file), {}),
  sockets: v.optional(v.array(socketSchema), []),
  /** IPv6 routes; left out: that of the loopback address. */
  routes: v.optional(v.array(routeSchema), [LOOPBACK_ROUTE]),
  /** Newest first; left out: those of an ordinary boot. */
  slabCaches: v.optional(v.pipe(v.array(slabCacheSchema), v.minLength(1))),
  /** Newest first. */
  dmaBufs: v.optional(v.array(dmaBufSchema), []),
  /** BPF maps that are pinned in /sys/fs/bpf under their names. */
  maps: v.optional(v.array(mapSchema), []),
  processes: v.pipe(v.array(process), v.minLength(1)),
  /** Thread id of the task that loads and reads. */
  reader: v.optional(pid, 1),
  /** What changes while it is walked, in the order of its moments. */
  script: v.optional(v.array(ChangeSchema), []),
});

export type { WorldDmaBuf, WorldMap, WorldRoute, WorldSlabCache } from './world_object_schema.ts';
export type { WorldCgroup } from './world_cgroup_schema.ts';
export type World = v.InferOutput<typeof WorldSchema>;
/** A world as it may be written: defaults left out. */
export type WorldInput = v.InferInput<typeof WorldSchema>;
export type WorldProcess = World['processes'][number];
export type WorldThread = WorldProcess['threads'][number];
export type WorldFile = World['files'][string];
export type WorldFd = v.InferOutput<typeof fd>;
export type WorldMm = v.InferOutput<typeof mm>;
export type WorldVma = v.InferOutput<typeof vma>;
export type WorldMount = v.InferOutput<typeof mount>;
/** One entry of a script: what changes, and when. */
export type WorldChange = World['script'][number];
export type WorldCred = v.InferOutput<typeof cred>;
