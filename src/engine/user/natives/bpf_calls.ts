/** bpf(2) as the C library calls it: one function for each command, with the caller's memory. */
import { fail } from '../../../shared/errno.ts';
import { AttachType } from '../../abi/uapi.ts';
import { RingbufMap } from '../../bpf/maps/ringbuf.ts';
import type { BpfMap } from '../../bpf/map.ts';
import type { View } from '../../kernel/view.ts';
import { userValueSize } from '../../sys/map_cmds.ts';
import type { IdKind } from '../../sys/obj_info.ts';
import type { NativeCall, NativeTable } from '../native.ts';
import { syscalls } from '../native.ts';

/** Order in libbpf.c. */
const KINDS: readonly IdKind[] = ['prog', 'map', 'btf', 'link'];
/** The largest that any info struct may be. */
const MAX_INFO = 4096;

const bpf = ({ userland }: NativeCall) => userland.host.shell.syscall;

function mapOf(call: NativeCall): BpfMap | number {
  return call.userland.host.shell.sys.fds.get('map', call.int(1));
}

/** The key that an argument points at; null where the caller gave none. */
function key(call: NativeCall, map: BpfMap): Uint8Array | null {
  const at = call.arg(2);
  return at === 0n ? null : call.bytes(at, map.spec.keySize);
}

function lookup(call: NativeCall, take: boolean): number {
  const map = mapOf(call);
  if (typeof map === 'number') return map;
  const own = key(call, map);
  const value = bpf(call).mapLookup(call.int(1), own, take ? 0n : call.arg(4));
  if (typeof value === 'number') return value;
  call.put(call.arg(3), value.subarray(0, userValueSize(map)));
  return take ? bpf(call).mapDelete(call.int(1), own) : 0;
}

function update(call: NativeCall): number {
  const map = mapOf(call);
  if (typeof map === 'number') return map;
  const value = call.bytes(call.arg(3), userValueSize(map));
  return bpf(call).mapUpdate(call.int(1), key(call, map), value, Number(call.arg(4)));
}

function nextKey(call: NativeCall): number {
  const map = mapOf(call);
  if (typeof map === 'number') return map;
  const next = bpf(call).mapGetNextKey(call.int(1), key(call, map));
  if (typeof next === 'number') return next;
  call.put(call.arg(3), next);
  return 0;
}

function mapCreate(call: NativeCall): number {
  const word = (i: number): bigint => call.u64(call.arg(1) + BigInt(i * 8));
  const number = (i: number): number => Number(BigInt.asUintN(32, word(i)));
  return bpf(call).mapCreate({
    type: number(0),
    name: word(1) === 0n ? '' : call.text(word(1)).slice(0, 15),
    keySize: number(2),
    valueSize: number(3),
    maxEntries: number(4),
    flags: number(5),
    innerMapFd: number(6),
    mapExtra: word(7),
    numaNode: 0,
    btfFd: number(8),
    btfKeyTypeId: number(9),
    btfValueTypeId: number(10),
  });
}

/** The context of a syscall program comes back to where it was taken from. */
function testRun(call: NativeCall): number {
  const word = (i: number): bigint => call.u64(call.arg(1) + BigInt(i * 8));
  const number = (i: number): number => Number(BigInt.asIntN(32, word(i)));
  const [at, size] = [word(1), number(2)];
  if ((at === 0n) !== (size === 0)) return fail('EINVAL');
  const { ret, retval, ctx } = bpf(call).progTestRun(number(0), {
    ...(size > 0 ? { ctx: call.bytes(at, size) } : {}),
    more: word(3) !== 0n,
    flags: number(4),
    cpu: number(5),
    batchSize: number(6),
  });
  if (ret !== 0) return ret;
  call.putU32(word(7), retval);
  if (ctx && size > 0) call.put(at, ctx);
  return 0;
}

function linkCreate(call: NativeCall): number {
  const length = Number(BigInt.asUintN(32, call.arg(4)));
  const iterInfo =
    call.arg(3) === 0n
      ? length > 0
        ? { bytes: new Uint8Array(0), length }
        : null
      : { bytes: call.bytes(call.arg(3), Math.min(length, MAX_INFO)), length };
  if (call.int(2) !== AttachType.TRACE_ITER) return fail('EINVAL');
  return bpf(call).linkCreate({ progFd: call.int(1), attachType: call.int(2), iterInfo });
}

/** Fills one of the kernel's info structs and copies it out. */
function copyInfo(call: NativeCall, struct: string, fill: (view: View) => void): number {
  const { kernel } = call;
  if (!kernel.types.has(struct)) return fail('EOPNOTSUPP');
  const view = kernel.alloc(struct);
  fill(view);
  const room = call.u32(call.arg(3));
  const size = Math.min(room, view.type.size);
  call.put(call.arg(2), kernel.mem.bytes(view.addr, size));
  call.putU32(call.arg(3), size);
  kernel.mem.release(view.addr);
  return 0;
}

function linkInfo(call: NativeCall): number {
  const { kernel } = call;
  if (!kernel.types.has('bpf_link_info')) return fail('EOPNOTSUPP');
  const type = kernel.types.struct('bpf_link_info');
  const field = (path: string): bigint => call.arg(2) + BigInt(type.field(path).offset);
  const given = call.u32(call.arg(3)) >= type.field('iter.target_name_len').offset + 4;
  const buffer = given ? call.u64(field('iter.target_name')) : 0n;
  const room = given ? call.u32(field('iter.target_name_len')) : 0;
  const info = bpf(call).linkInfo(call.int(1), buffer === 0n ? 0 : room);
  if (typeof info === 'number') return info;
  if (buffer !== 0n) call.putText(buffer, room, info.target_name);
  return copyInfo(call, 'bpf_link_info', (view) => {
    view.set('type', info.type);
    view.set('id', info.id);
    view.set('prog_id', info.prog_id);
    view.set('iter.target_name', buffer);
    view.set('iter.target_name_len', info.target_name_len);
    view.set('iter.map.map_id', info.map_id);
    if (info.target_name === 'cgroup') {
      view.set('iter.cgroup.cgroup_id', info.cgroup_id);
      view.set('iter.cgroup.order', info.order);
    } else {
      view.set('iter.task.tid', info.tid);
      view.set('iter.task.pid', info.pid);
    }
  });
}

function objectInfo(call: NativeCall): number {
  const fd = call.int(1);
  const { sys } = call.userland.host.shell;
  const file = sys.fds.file(fd);
  if (!file) return fail('EBADF');
  if (sys.fds.behind(file)?.kind === 'link') return linkInfo(call);
  const info = bpf(call).objInfo(fd);
  if (typeof info === 'number') return info;
  const struct = `bpf_${info.kind}_info`;
  return copyInfo(call, struct, (view) => {
    for (const [name, value] of Object.entries(info)) {
      if (!view.has(name)) continue;
      if (name === 'tag')
        call.kernel.mem.setBytes(
          view.at('tag'),
          Uint8Array.from({ length: 8 }, (_, i) => parseInt(String(value).slice(2 * i, 2 * i + 2), 16)),
        );
      else if (typeof value === 'number' || typeof value === 'bigint') view.set(name, value);
      else if (typeof value === 'boolean') view.set(name, value ? 1 : 0);
      else if (name === 'name' && typeof value === 'string' && info.kind !== 'btf') view.setStr(name, value);
    }
    if (info.kind === 'prog') view.set('nr_map_ids', info.map_ids.length);
  });
}

/** Records of a ring buffer that were taken from it and not yet handed on, by map. */
const pending = new WeakMap<RingbufMap, Uint8Array[]>();

/** @returns the size of the next record, which it copies; -ENOENT when there is none */
function ringbufNext(call: NativeCall): number {
  const map = mapOf(call);
  if (typeof map === 'number') return map;
  if (!(map instanceof RingbufMap)) return fail('EINVAL');
  const records = pending.get(map) ?? [];
  if (records.length === 0) records.push(...map.consume());
  pending.set(map, records);
  const record = records.shift();
  if (!record) return fail('ENOENT');
  if (record.length > call.size(3)) return fail('E2BIG');
  call.put(call.arg(2), record);
  return record.length;
}

const kind = (call: NativeCall): IdKind => KINDS[call.int(1)] ?? 'prog';

export const BPF_CALLS: NativeTable = syscalls({
  __sys_bpf_map_create: mapCreate,
  __sys_bpf_map_update: update,
  __sys_bpf_map_lookup: (call) => lookup(call, false),
  __sys_bpf_map_take: (call) => lookup(call, true),
  __sys_bpf_map_delete: (call) => {
    const map = mapOf(call);
    return typeof map === 'number' ? map : bpf(call).mapDelete(call.int(1), key(call, map));
  },
  __sys_bpf_map_next: nextKey,
  __sys_bpf_map_freeze: (call) => bpf(call).mapFreeze(call.int(1)),
  __sys_bpf_pin: (call) =>
    bpf(call).objPin(call.int(1), call.userland.files.absolute(call.text(call.arg(2)))),
  __sys_bpf_get: (call) =>
    bpf(call).objGet(call.userland.files.absolute(call.text(call.arg(1))), call.int(2)),
  __sys_bpf_link_create: linkCreate,
  __sys_bpf_iter_create: (call) => bpf(call).iterCreate(call.int(1)),
  __sys_bpf_link_detach: (call) => bpf(call).linkDetach(call.int(1)),
  __sys_bpf_link_update: (call) => bpf(call).linkUpdate(call.int(1), call.int(2), call.int(3), call.int(4)),
  __sys_bpf_test_run: testRun,
  __sys_bpf_next_id: (call) => bpf(call).getNextId(kind(call), Number(BigInt.asUintN(32, call.arg(2)))),
  __sys_bpf_fd_by_id: (call) => bpf(call).getFdById(kind(call), Number(BigInt.asUintN(32, call.arg(2)))),
  __sys_bpf_info: objectInfo,
  __ringbuf_next: ringbufNext,
  /** syscall(__NR_bpf, ...): only commands that have a function of their own here are described by an attribute. */
  __sys_bpf: (call) => rawBpf(call),
});

const BPF_MAP_LOOKUP_ELEM = 1;
const BPF_OBJ_GET = 7;
const BPF_ITER_CREATE = 33;

/** The few commands that programs make by themselves. @kernel __sys_bpf, kernel/bpf/syscall.c @fidelity partial: BPF_MAP_LOOKUP_ELEM, BPF_OBJ_GET and BPF_ITER_CREATE; others go through libbpf */
function rawBpf(call: NativeCall): number {
  const at = call.arg(2);
  switch (call.int(1)) {
    case BPF_MAP_LOOKUP_ELEM: {
      const fd = call.u32(at);
      const map = call.userland.host.shell.sys.fds.get('map', fd);
      if (typeof map === 'number') return map;
      const value = bpf(call).mapLookup(fd, call.bytes(call.u64(at + 8n), map.spec.keySize));
      if (typeof value === 'number') return value;
      call.put(call.u64(at + 16n), value);
      return 0;
    }
    case BPF_OBJ_GET:
      return bpf(call).objGet(call.userland.files.absolute(call.text(call.u64(at))));
    case BPF_ITER_CREATE:
      return bpf(call).iterCreate(call.u32(at), call.u32(at + 4n));
    default:
      return fail('EINVAL');
  }
}
