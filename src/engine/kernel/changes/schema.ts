/**
 * The shape of a script: changes of a world at moments of a walk.
 *
 *     { "at": { "session": 1, "call": 12, "when": "after" }, "do": "close", "pid": 731, "fd": 3 }
 *
 * A moment is a callback of a session, numbered from 0 over all its reads, or with `read` instead of `call`
 * one of its read(2)s. "After call 12" and "before call 13" are the same place. Numbers of tasks are those of
 * the initial pid namespace.
 */
import * as v from 'valibot';

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4_194_304));
const fd = v.pipe(natural, v.maxValue(1_048_575));

const socketName = v.pipe(v.string(), v.minLength(1), v.maxLength(107));
/** A key or value of a map: a whole number, little-endian, or bytes in hex such as "01 00 ff". */
const bytes = v.union([
  v.pipe(v.number(), v.integer()),
  v.pipe(
    v.string(),
    v.regex(/^[0-9a-fA-F]{2}( ?[0-9a-fA-F]{2})*$/, 'expected bytes in hex such as "01 00 ff"'),
  ),
]);

const at = v.strictObject({
  /** session_id: the first session that is opened is 1. */
  session: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
  call: v.optional(natural),
  read: v.optional(natural),
  when: v.optional(v.picklist(['before', 'after']), 'after'),
});

/** What a world's own schema knows of files, addresses and cgroups. */
interface Parts<
  File extends v.GenericSchema,
  Address extends v.GenericSchema,
  Perms extends v.GenericSchema,
  Place extends v.GenericSchema,
> {
  readonly file: File;
  readonly address: Address;
  readonly perms: Perms;
  readonly place: Place;
}

/** The schema of one entry of `script`: one shape for each word in the table of changes/index.ts. */
export function changeSchema<
  File extends v.GenericSchema,
  Address extends v.GenericSchema,
  Perms extends v.GenericSchema,
  Place extends v.GenericSchema,
>({ file, address, perms, place }: Parts<File, Address, Perms, Place>) {
  const range = { start: address, end: address };
  return v.variant('do', [
    /** fork(2). `shares`: what clone(2) was asked to share. */
    v.strictObject({
      at,
      do: v.literal('fork'),
      pid: id,
      child: v.optional(id),
      comm: v.optional(v.string()),
      shares: v.optional(v.array(v.picklist(['vm', 'files', 'fs'])), []),
    }),
    /** pthread_create(3): one more thread of the process that `pid` belongs to. */
    v.strictObject({
      at,
      do: v.literal('thread'),
      pid: id,
      tid: v.optional(id),
      comm: v.optional(v.string()),
    }),
    /** execve(2): other threads end, memory is new, close-on-exec fds are closed. */
    v.strictObject({
      at,
      do: v.literal('exec'),
      pid: id,
      exe: v.pipe(v.string(), v.startsWith('/')),
      comm: v.optional(v.string()),
    }),
    /** exit_group(2): the whole process. It is a zombie until `wait`. */
    v.strictObject({ at, do: v.literal('exit'), pid: id, code: v.optional(natural, 0) }),
    /** exit(2) of one thread. */
    v.strictObject({ at, do: v.literal('exit_thread'), pid: id, code: v.optional(natural, 0) }),
    /** wait4(2) by the parent: the zombie goes. */
    v.strictObject({ at, do: v.literal('wait'), pid: id }),
    /** prctl(PR_SET_NAME) */
    v.strictObject({ at, do: v.literal('comm'), pid: id, comm: v.string() }),
    /** open(2) and what else makes an fd, at the lowest free number or at `fd`. */
    v.strictObject({
      at,
      do: v.literal('open'),
      pid: id,
      fd: v.optional(fd),
      cloexec: v.optional(v.boolean(), false),
      file,
    }),
    v.strictObject({ at, do: v.literal('close'), pid: id, fd }),
    /** dup(2); with `to` dup2(2), which closes what was there. */
    v.strictObject({ at, do: v.literal('dup'), pid: id, fd, to: v.optional(fd) }),
    /** mmap(2) with MAP_FIXED: what was mapped there goes. */
    v.strictObject({
      at,
      do: v.literal('mmap'),
      pid: id,
      ...range,
      perms,
      /** Path of the file; '' for anonymous memory. */
      name: v.optional(v.string(), ''),
      offset: v.optional(address),
    }),
    v.strictObject({ at, do: v.literal('munmap'), pid: id, ...range }),
    v.strictObject({ at, do: v.literal('mprotect'), pid: id, ...range, perms }),
    /** mkdir(2) and rmdir(2) below /sys/fs/cgroup, and a write to cgroup.procs there. */
    v.strictObject({ at, do: v.literal('cgroup_create'), path: place, id: v.optional(natural) }),
    v.strictObject({ at, do: v.literal('cgroup_remove'), path: place }),
    v.strictObject({ at, do: v.literal('cgroup_move'), pid: id, path: place }),
    /** socket(2), bind(2) and listen(2) at "ADDRESS:PORT", at a path or at "@name"; port 0: any free one. */
    v.strictObject({
      at,
      do: v.literal('listen'),
      pid: id,
      local: socketName,
      backlog: v.optional(v.pipe(natural, v.maxValue(65_535)), 128),
      fd: v.optional(fd),
    }),
    /** socket(2) and connect(2). `from`: an address of this machine, with port 0 for any free one. */
    v.strictObject({
      at,
      do: v.literal('connect'),
      pid: id,
      to: socketName,
      from: v.optional(socketName),
      fd: v.optional(fd),
    }),
    /** accept(2) on the listening `fd`; the connection becomes `as`, or the lowest free number. */
    v.strictObject({ at, do: v.literal('accept'), pid: id, fd, as: v.optional(fd) }),
    /** bpf(2) on a map of the program that is run: one element of it. */
    v.strictObject({ at, do: v.literal('map_update'), map: v.string(), key: bytes, value: bytes }),
    v.strictObject({ at, do: v.literal('map_delete'), map: v.string(), key: bytes }),
  ]);
}
