/**
 * /proc/PID/fdinfo/FD of BPF's files: the generic lines, then what the object has to say.
 *
 * Source: bpf_map_show_fdinfo, bpf_prog_show_fdinfo, bpf_link_show_fdinfo, kernel/bpf/syscall.c;
 * bpf_btf_show_fdinfo, kernel/bpf/btf.c, Linux 6.12.
 */
import type { Bytes } from '../../shared/brand.ts';
import type { BpfMap } from '../bpf/map.ts';
import type { Prog } from '../bpf/prog.ts';
import type { IterLink } from '../iter/link.ts';
import { fdinfo } from '../vfs/procfs.ts';
import type { FdObject } from './fds.ts';
import { mapMemlock } from './map_memlock.ts';
import { runStats } from './prog_stats.ts';
import type { Sys } from './sys.ts';

const PAGE = 4096;

/** `key:<TAB>value` lines. */
const lines = (rows: readonly (readonly [string, string | number])[]): string =>
  rows.map(([key, value]) => `${key}:\t${value}\n`).join('');

/** Bytes that a program pins down: whole pages. */
export const progMemlock = (prog: Prog): Bytes =>
  Math.ceil((prog.view.type.size + prog.spec.insns.length * 8) / PAGE) * PAGE;

/** @kernel bpf_map_show_fdinfo, kernel/bpf/syscall.c @fidelity full: fdinfo.test.ts */
const mapFdinfo = (map: BpfMap): string =>
  lines([
    ['map_type', map.spec.type],
    ['key_size', map.spec.keySize],
    ['value_size', map.spec.valueSize],
    ['max_entries', map.spec.maxEntries],
    ['map_flags', `0x${map.spec.flags.toString(16)}`],
    ['map_extra', `0x${(map.spec.mapExtra ?? 0n).toString(16)}`],
    ['memlock', mapMemlock(map)],
    ['map_id', map.id],
    ['frozen', map.frozen ? 1 : 0],
  ]);

/** @kernel bpf_prog_show_fdinfo, kernel/bpf/syscall.c @fidelity full: prog_stats.test.ts */
function progFdinfo(prog: Prog): string {
  const { cnt, nsecs } = runStats(prog);
  return lines([
    ['prog_type', prog.spec.type],
    ['prog_jited', 1],
    ['prog_tag', prog.tag],
    ['memlock', progMemlock(prog)],
    ['prog_id', prog.id],
    ['run_time_ns', String(nsecs)],
    ['run_cnt', String(cnt)],
    ['recursion_misses', 0],
    ['verified_insns', prog.spec.verifiedInsns ?? 0],
  ]);
}

/** @kernel bpf_link_show_fdinfo, kernel/bpf/syscall.c @fidelity full: src/engine/sys/recorded.test.ts */
const linkFdinfo = (link: IterLink): string =>
  lines([
    ['link_type', 'iter'],
    ['link_id', link.id],
    ['prog_tag', link.prog.tag],
    ['prog_id', link.prog.id],
  ]) + link.showFdinfo();

function own(behind: FdObject): string {
  switch (behind.kind) {
    case 'map':
      return mapFdinfo(behind.object);
    case 'prog':
      return progFdinfo(behind.object);
    case 'link':
      return linkFdinfo(behind.object);
    case 'btf':
      return lines([['btf_id', behind.object.id]]);
    case 'iter':
      return '';
  }
}

/** The whole text for an fd of the calling task, or null when it is not open. */
export function readFdinfo(sys: Sys, fd: number): string | null {
  const generic = fdinfo(sys.kernel, sys.fds.task, fd);
  const file = sys.fds.file(fd);
  if (generic === null || !file) return null;
  const behind = sys.fds.behind(file);
  return generic + (behind ? own(behind) : '');
}
