/**
 * BPF_OBJ_GET_INFO_BY_FD, BPF_*_GET_NEXT_ID and BPF_*_GET_FD_BY_ID: what tools such as bpftool ask.
 *
 * Fields have the names of struct bpf_map_info, bpf_prog_info, bpf_link_info and bpf_btf_info.
 *
 * Source: kernel/bpf/syscall.c, kernel/bpf/btf.c, Linux 6.12.
 */
import type { TypeId } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { LinkType } from '../abi/uapi.ts';
import type { BtfObject } from '../bpf/btf_object.ts';
import type { BpfMap } from '../bpf/map.ts';
import { xlatedOf } from '../bpf/prog.ts';
import type { Prog } from '../bpf/prog.ts';
import { runStats } from './prog_stats.ts';
import type { Sys } from './sys.ts';

export interface MapInfoData {
  readonly kind: 'map';
  readonly type: number;
  readonly id: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags: number;
  readonly name: string;
  readonly btf_id: number;
  readonly btf_key_type_id: number;
  readonly btf_value_type_id: number;
  readonly btf_vmlinux_value_type_id: number;
  readonly map_extra: bigint;
}
export interface ProgInfoData {
  readonly kind: 'prog';
  readonly type: number;
  readonly id: number;
  readonly tag: string;
  readonly jited_prog_len: number;
  readonly xlated_prog_len: number;
  readonly load_time: bigint;
  readonly created_by_uid: number;
  readonly map_ids: readonly number[];
  readonly name: string;
  readonly gpl_compatible: boolean;
  readonly btf_id: number;
  readonly run_time_ns: bigint;
  readonly run_cnt: bigint;
  readonly recursion_misses: bigint;
  readonly verified_insns: number;
  readonly attach_btf_obj_id: number;
  readonly attach_btf_id: number;
}
export interface BtfInfoData {
  readonly kind: 'btf';
  readonly id: number;
  readonly btf_size: number;
  readonly name: string;
  readonly kernel_btf: boolean;
}
export type ObjectInfo = MapInfoData | ProgInfoData | BtfInfoData;

/** struct bpf_link_info of an iterator link; which of the last five mean something depends on the target. */
export interface LinkInfo {
  readonly type: number;
  readonly id: number;
  readonly prog_id: number;
  /** As copied to the user's buffer. */
  readonly target_name: string;
  readonly target_name_len: number;
  readonly map_id: number;
  readonly cgroup_id: bigint;
  readonly order: number;
  readonly tid: number;
  readonly pid: number;
}

const btfId = (sys: Sys, addr: bigint): number =>
  sys.objects.btfs.all().find((btf) => btf.addr === addr)?.id ?? 0;

/** @kernel bpf_map_get_info_by_fd, kernel/bpf/syscall.c @fidelity full: app/shell_recorded.test.ts */
const mapInfo = (sys: Sys, { spec, id }: BpfMap): MapInfoData => ({
  kind: 'map',
  type: spec.type,
  id,
  key_size: spec.keySize,
  value_size: spec.valueSize,
  max_entries: spec.maxEntries,
  map_flags: spec.flags,
  name: spec.name,
  btf_id: spec.btf ? btfId(sys, spec.btf.addr) : 0,
  btf_key_type_id: spec.btf?.key ?? 0,
  btf_value_type_id: spec.btf?.value ?? 0,
  btf_vmlinux_value_type_id: spec.kernelValue ?? 0,
  map_extra: spec.mapExtra ?? 0n,
});

/** The kernel's BTF, or that of the module whose own type this is. */
const btfWith = ({ objects }: Sys, type: TypeId): BtfObject =>
  (type < objects.vmlinux.types.end
    ? null
    : objects.btfs.all().find(({ types }) => types.base === objects.vmlinux.types)) ?? objects.vmlinux;

/** @kernel bpf_prog_get_info_by_fd, kernel/bpf/syscall.c @fidelity partial: lengths are those of the program as loaded, and nothing is jited */
const progInfo = (sys: Sys, prog: Prog): ProgInfoData => ({
  kind: 'prog',
  type: prog.spec.type,
  id: prog.id,
  tag: prog.tag,
  jited_prog_len: prog.spec.insns.length * 8,
  xlated_prog_len: xlatedOf(prog).length * 8,
  load_time: prog.aux.has('load_time') ? prog.aux.big('load_time') : 0n,
  created_by_uid: prog.aux.deref('user')?.num('uid') ?? 0,
  map_ids: prog.maps.map((map) => map.id),
  name: prog.name,
  gpl_compatible: prog.spec.gplCompatible,
  btf_id: prog.spec.btf?.id ?? 0,
  run_time_ns: runStats(prog).nsecs,
  run_cnt: runStats(prog).cnt,
  // The program of an iterator does not run inside itself.
  recursion_misses: 0n,
  verified_insns: prog.spec.verifiedInsns ?? 0,
  attach_btf_obj_id: prog.attachBtfId === 0 ? 0 : btfWith(sys, prog.attachBtfId).id,
  attach_btf_id: prog.attachBtfId,
});

/** @kernel btf_get_info_by_fd, kernel/bpf/btf.c @fidelity full: app/module.test.ts */
const btfInfo = (sys: Sys, btf: BtfObject): BtfInfoData => ({
  kind: 'btf',
  id: btf.id,
  btf_size: btf.types.raw.length,
  name: btf.name,
  kernel_btf: btf.types === sys.kernel.btf || btf.types === sys.kernel.btf.base,
});

/** @returns -EBADF when the fd is not open, -EINVAL for what has no such info @kernel bpf_obj_get_info_by_fd, kernel/bpf/syscall.c @fidelity full: app/shell_recorded.test.ts */
export function objInfo(sys: Sys, fd: number): ObjectInfo | NegErrno {
  const file = sys.fds.file(fd);
  if (!file) return fail('EBADF');
  const behind = sys.fds.behind(file);
  switch (behind?.kind) {
    case 'map':
      return mapInfo(sys, behind.object);
    case 'prog':
      return progInfo(sys, behind.object);
    case 'btf':
      return btfInfo(sys, behind.object);
    default:
      return fail('EINVAL');
  }
}

/** sizeof(struct bpf_link_info) */
const LINK_INFO_SIZE = 64;
/** Stands for the user's buffer: only NULL or not is looked at. */
const USER_BUFFER = 0x1000n;
/** Enough for every target. */
const NAME_ROOM = 64;

/**
 * @param nameRoom size of the user's target_name buffer, 0: none
 * @returns -EBADF, -EINVAL, or -ENOSPC when the name had to be cut
 * @kernel bpf_link_get_info_by_fd, kernel/bpf/syscall.c
 * @fidelity full: probes.test.ts
 */
export function linkInfo(sys: Sys, fd: number, nameRoom = NAME_ROOM): LinkInfo | NegErrno {
  const link = sys.fds.get('link', fd);
  if (typeof link === 'number') return link;
  const raw = new DataView(new ArrayBuffer(LINK_INFO_SIZE));
  raw.setBigUint64(16, nameRoom > 0 ? USER_BUFFER : 0n, true);
  raw.setUint32(24, nameRoom, true);
  let name = '';
  const err = link.fillLinkInfo(raw, (text) => {
    name = text;
    return true;
  });
  if (err !== 0) return err;
  return {
    type: LinkType.ITER,
    id: link.id,
    prog_id: link.prog.id,
    target_name: name,
    target_name_len: raw.getUint32(24, true),
    map_id: raw.getUint32(28, true),
    cgroup_id: raw.getBigUint64(32, true),
    order: raw.getUint32(40, true),
    tid: raw.getUint32(32, true),
    pid: raw.getUint32(36, true),
  };
}

export type IdKind = 'map' | 'prog' | 'link' | 'btf';

const table = (sys: Sys, kind: IdKind): { atLeast: (id: number) => { readonly id: number } | null } => {
  const { maps, progs, links, btfs } = sys.objects;
  return { map: maps, prog: progs, link: links, btf: btfs }[kind];
};

/** @returns the next id, or -ENOENT after the last @kernel bpf_obj_get_next_id, kernel/bpf/syscall.c @fidelity full: probes.test.ts */
export const getNextId = (sys: Sys, kind: IdKind, id: number): number =>
  table(sys, kind).atLeast(id + 1)?.id ?? fail('ENOENT');

/** @returns an fd, or -ENOENT @kernel bpf_map_get_fd_by_id and siblings, kernel/bpf/syscall.c @fidelity full: app/shell_recorded.test.ts */
export function getFdById(sys: Sys, kind: IdKind, id: number): number {
  const { objects, fds } = sys;
  if (kind === 'btf') {
    const btf = objects.btfs.find(id);
    if (!btf) return fail('ENOENT');
    objects.getBtf(btf);
    const fd = fds.open('btf', btf.addr);
    if (fd < 0) objects.putBtf(btf);
    return fd;
  }
  const found = pinnable(sys, kind, id);
  return found ? fds.openHeld(found) : fail('ENOENT');
}

function pinnable(sys: Sys, kind: 'map' | 'prog' | 'link', id: number) {
  const { maps, progs, links } = sys.objects;
  switch (kind) {
    case 'map': {
      const object = maps.find(id);
      return object && { kind, object };
    }
    case 'prog': {
      const object = progs.find(id);
      return object && { kind, object };
    }
    case 'link': {
      const object = links.find(id);
      return object && { kind, object };
    }
  }
}
