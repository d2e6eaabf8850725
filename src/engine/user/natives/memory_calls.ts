/** brk, mmap, munmap and mprotect. Source: mm/mmap.c, mm/mprotect.c. */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { BPF_F_MMAPABLE } from '../../bpf/map.ts';
import type { BpfMap } from '../../bpf/map.ts';
import { IndexedMap } from '../../bpf/maps/array.ts';
import { PROT } from '../address_space.ts';
import type { MapRequest } from '../address_space.ts';
import type { NativeCall, NativeTable } from '../native.ts';
import { syscalls } from '../native.ts';
import { MMAP_BASE } from '../start.ts';
import { MOST_BYTES } from '../userland.ts';

const PAGE = 4096;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const USER_END = 0x7fff_ffff_f000n;

/** @returns the break as it is then @kernel sys_brk, mm/mmap.c @fidelity partial: no resource limit */
function brk(call: NativeCall): bigint {
  const { space } = call.process;
  const { mm } = space;
  const start = mm.big('start_brk');
  const old = mm.big('brk');
  const wanted = call.arg(1);
  if (wanted < start || wanted - start > BigInt(MOST_BYTES)) return old;
  if (wanted > old && !call.userland.hasRoom(Number(wanted - old))) return old;
  const pages = (addr: bigint): number => alignUp(Number(addr - start), PAGE);
  const [from, to] = [pages(old), pages(wanted)];
  if (to > from) space.map({ start: start + BigInt(from), size: to - from, prot: PROT.READ | PROT.WRITE });
  else if (to < from) space.unmap(start + BigInt(to), from - to);
  mm.set('brk', wanted);
  return wanted;
}

/** What mmap of a map's fd shows. @kernel array_map_mmap, kernel/bpf/arraymap.c @fidelity partial: arrays only; a mapping keeps no reference beyond its file's */
export function mapBacking(
  map: BpfMap,
  prot: number,
): { readonly addr: Addr; readonly size: number } | NegErrno {
  if ((map.spec.flags & BPF_F_MMAPABLE) === 0) return fail('EINVAL');
  if (!(map instanceof IndexedMap)) return fail('EINVAL');
  if ((prot & PROT.WRITE) !== 0 && map.frozen) return fail('EPERM');
  return { addr: map.values, size: map.slotSize * map.spec.maxEntries };
}

interface MmapArgs {
  readonly addr: bigint;
  readonly size: number;
  readonly prot: number;
  readonly flags: number;
  readonly fd: number;
}

/** @returns the address, or a negated errno @kernel ksys_mmap_pgoff, mm/mmap.c @fidelity partial: offsets into files are not looked at */
export function mmap(call: NativeCall, { addr, size, prot, flags, fd }: MmapArgs): bigint | NegErrno {
  const { space } = call.process;
  const bytes = alignUp(size, PAGE);
  if (bytes === 0 || (flags & (MAP_SHARED | MAP_PRIVATE)) === 0) return fail('EINVAL');
  if (bytes > MOST_BYTES || !call.userland.hasRoom(bytes)) return fail('ENOMEM');
  const fixed = (flags & MAP_FIXED) !== 0;
  if (fixed && (addr % BigInt(PAGE) !== 0n || addr + BigInt(bytes) > USER_END)) return fail('EINVAL');
  let more: Pick<MapRequest, 'backing' | 'file'> = {};
  if ((flags & MAP_ANONYMOUS) === 0) {
    const { sys } = call.userland.host.shell;
    const file = sys.fds.file(fd);
    if (!file) return fail('EBADF');
    const map = sys.fds.get('map', fd);
    if (typeof map === 'number') return fail('ENODEV');
    const backing = mapBacking(map, prot);
    if (typeof backing === 'number') return backing;
    if (bytes > alignUp(backing.size, PAGE)) return fail('EINVAL');
    more = { backing, file: { file, pgoff: 0n, ops: 'bpf_map_default_vmops' } };
  }
  const start = fixed ? addr : BigInt(space.holeBelow(MMAP_BASE, bytes));
  space.map({ start, size: bytes, prot, shared: (flags & MAP_SHARED) !== 0, ...more });
  return start;
}

/** Arguments past the fifth do not fit in registers: they come as a struct. */
function mmapCall(call: NativeCall): bigint | number {
  const at = call.arg(1);
  const word = (i: number): bigint => call.u64(at + BigInt(i * 8));
  const [addr, length, prot, flags, fd] = [0, 1, 2, 3, 4].map(word) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return mmap(call, {
    addr,
    size: length > BigInt(MOST_BYTES) ? MOST_BYTES + 1 : Number(length),
    prot: Number(prot),
    flags: Number(flags),
    fd: Number(BigInt.asIntN(32, fd)),
  });
}

function range(call: NativeCall): { start: bigint; size: number } | NegErrno {
  const start = call.arg(1);
  const size = alignUp(call.size(2), PAGE);
  if (start % BigInt(PAGE) !== 0n || start + BigInt(size) > USER_END) return fail('EINVAL');
  return { start, size };
}

export const MEMORY_CALLS: NativeTable = syscalls({
  __sys_brk: brk,
  __sys_mmap: mmapCall,
  __sys_munmap: (call) => {
    const at = range(call);
    if (typeof at === 'number') return at;
    if (at.size === 0) return fail('EINVAL');
    call.process.space.unmap(at.start, at.size);
    return 0;
  },
  __sys_mprotect: (call) => {
    const at = range(call);
    if (typeof at === 'number') return at;
    if (!call.process.space.covers(at.start, at.size)) return fail('ENOMEM');
    if (at.size > 0) call.process.space.protect(at.start, at.size, call.int(3));
    return 0;
  },
});
