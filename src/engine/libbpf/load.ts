/**
 * bpf_object__load: an opened object becomes fds in the reader's table - its BTF, its maps, its programs, in
 * this order. A failure closes them all again.
 *
 *     externs -> BTF -> maps -> CO-RE, references -> programs
 *
 * Source: libbpf.c bpf_object_load.
 */
import type { TypeId } from '../../shared/brand.ts';
import { Errno } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Btf } from '../btf/parse.ts';
import { goodFd } from './good_fd.ts';
import { findAttachTarget } from './attach_target.ts';
import { createMaps } from './create_maps.ts';
import { linkProgram, relocateCore } from './link_progs.ts';
import type { LinkedProgram } from './link_progs.ts';
import { BPF_OBJ_NAME_MAX } from './data_maps.ts';
import { fillSlots } from './map_slots.ts';
import { Messages } from './messages.ts';
import type { ErrorStyle } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfObject, BpfProgramSpec } from './object.ts';
import { resolveExterns } from './resolve_externs.ts';
import type { KernelInfo } from './resolve_externs.ts';
import { BPF_F_SLEEPABLE } from '../abi/section.ts';
import { BPF_F_XDP_HAS_FRAGS } from '../abi/uapi.ts';
import type { BpfSyscalls } from './syscalls.ts';
import { fixupVerifierLog } from './verifier_log.ts';

export interface LoadOptions {
  readonly kernel: KernelInfo;
  readonly sys: BpfSyscalls;
  /** 0: a log only of programs that are refused. */
  readonly logLevel?: number;
  /** True: the log is not among the messages, the caller shows it (kernel_log_buf in libbpf). */
  readonly ownLog?: boolean;
  readonly errorStyle?: ErrorStyle;
}

/** What the kernel said to one program. */
export interface ProgramLoad {
  readonly program: LinkedProgram;
  /** An fd, or a negated errno. */
  readonly ret: number;
  /** The verifier's log, '' when none was asked for. */
  readonly log: string;
}

export interface LoadedObject {
  readonly object: BpfObject;
  /** 0: the object has no BTF. */
  readonly btfFd: number;
  /** By index in object.maps; -1: not created. */
  readonly mapFds: readonly number[];
  readonly programs: readonly ProgramLoad[];
}

export type LoadResult =
  | { readonly ok: true; readonly loaded: LoadedObject; readonly messages: readonly string[] }
  | {
      readonly ok: false;
      readonly errno: NegErrno;
      readonly messages: readonly string[];
      /** Programs the kernel has seen; the last one is the one it refused, if it was the kernel. */
      readonly programs: readonly ProgramLoad[];
    };

/**
 * Loads every program of the object that is to be loaded.
 *
 * @returns fds, or the errno with what was said
 * @kernel bpf_object_load, libbpf.c
 * @fidelity partial: no feature is probed, the simulated kernel has what libbpf asks for
 */
export function loadObject(object: BpfObject, options: LoadOptions): LoadResult {
  const log = new Messages(options.errorStyle ?? 'strerror');
  const opened: number[] = [];
  const programs: ProgramLoad[] = [];
  try {
    const loaded = load(object, options, log, opened, programs);
    return { ok: true, loaded, messages: log.lines };
  } catch (error) {
    if (!(error instanceof LibbpfError)) throw error;
    for (const fd of opened) options.sys.close(fd);
    log.warn(`failed to load object '${object.path}'`);
    return { ok: false, errno: error.errno, messages: log.lines, programs };
  }
}

function load(
  object: BpfObject,
  options: LoadOptions,
  log: Messages,
  opened: number[],
  programs: ProgramLoad[],
): LoadedObject {
  const { kernel, sys } = options;
  const externs = resolveExterns(object, kernel, log);
  const btfFd = loadBtf(object, sys, log, opened);
  const mapFds = createMaps(object, btfFd, sys, log, opened);
  const code = relocateCore(object, kernel.btf, log);
  const wanted = object.programs.filter((p) => !p.subprog && p.autoload);
  const linked = wanted.map((prog) => linkProgram(object, prog, code, { mapFds, externs }, log));
  for (const program of linked) {
    const failed = (errno: NegErrno): never => {
      log.warn(`prog '${program.spec.name}': failed to load: ${log.number(errno)}`);
      throw new LibbpfError(errno);
    };
    const prepared = prepare(program.spec, kernel.btf, log);
    if (typeof prepared === 'number') return failed(prepared);
    const result = loadProgram(object, program, prepared.attachBtfId, btfFd, options, log);
    programs.push(result);
    if (result.ret < 0) return failed(result.ret);
    opened.push(result.ret);
  }
  const fdOf = (name: string): number =>
    programs.find(({ program }) => program.spec.name === name)?.ret ?? -Errno.ENOENT;
  for (const [i, map] of object.maps.entries())
    fillSlots(
      map,
      mapFds[i] ?? -1,
      (slot) => ('prog' in slot ? { what: `prog '${slot.prog}'`, fd: fdOf(slot.prog) } : null),
      sys,
      log,
    );
  return { object, btfFd, mapFds, programs };
}

/** An object's BTF helps, but is not needed: a kernel that refuses it is told of and not minded. */
function loadBtf(object: BpfObject, sys: BpfSyscalls, log: Messages, opened: number[]): number {
  if (!object.btfForKernel) return 0;
  const fd = goodFd(sys, sys.btfLoad(object.btfForKernel));
  if (fd < 0) {
    log.warn(`Error loading .BTF into kernel: ${log.number(fd)}. BTF is optional, ignoring.`);
    return 0;
  }
  opened.push(fd);
  return fd;
}

/** What the section's name says the program attaches to, as a BTF id of the kernel. */
function prepare(prog: BpfProgramSpec, kernel: Btf, log: Messages): { attachBtfId: TypeId } | NegErrno {
  const { def } = prog;
  if (!def) {
    log.warn(`prog '${prog.name}': missing BPF prog type, check ELF section name '${prog.section}'`);
    return -Errno.EINVAL;
  }
  if (prog.insns.length === 0) return -Errno.EINVAL;
  if (!def.attachBtf) return { attachBtfId: 0 };
  const failed = (errno: NegErrno): NegErrno => {
    log.warn(`prog '${prog.name}': failed to prepare load attributes: ${log.number(errno)}`);
    return errno;
  };
  const slash = prog.section.indexOf('/');
  if (slash < 0) {
    log.warn(
      `prog '${prog.name}': no BTF-based attach target is specified, use bpf_program__set_attach_target()`,
    );
    return failed(-Errno.EINVAL);
  }
  const target = prog.section.slice(slash + 1);
  const id = findAttachTarget(target, def.attachType, kernel);
  if (id !== 0) return { attachBtfId: id };
  const errno = -Errno.ESRCH;
  log.warn(`prog '${prog.name}': failed to find kernel BTF type ID of '${target}': ${log.number(errno)}`);
  return failed(errno);
}

function loadProgram(
  object: BpfObject,
  program: LinkedProgram,
  attachBtfId: TypeId,
  btfFd: number,
  options: LoadOptions,
  log: Messages,
): ProgramLoad {
  const { spec } = program;
  const level = options.logLevel ?? 0;
  const {
    ret: loaded,
    log: raw,
    unverified,
  } = options.sys.progLoad({
    type: spec.def?.progType ?? 0,
    expectedAttachType: spec.def?.attachType ?? 0,
    insns: program.insns,
    license: object.license,
    name: spec.name.slice(0, BPF_OBJ_NAME_MAX),
    flags: (spec.def?.sleepable ? BPF_F_SLEEPABLE : 0) | (spec.def?.frags ? BPF_F_XDP_HAS_FRAGS : 0),
    attachBtfId,
    progBtfFd: btfFd,
    funcInfo: btfFd > 0 ? program.funcInfo : [],
    lineInfo: btfFd > 0 ? program.lineInfo : [],
    // libbpf asks without a log and, refused, again with one. The verdict is the same: ask once.
    logLevel: Math.max(level, 1),
  });
  const ret = goodFd(options.sys, loaded);
  if (unverified !== undefined)
    log.warn(`prog '${spec.name}': cannot run here and was not verified: ${unverified}`);
  if (ret >= 0) return { program, ret, log: level > 0 ? raw : '' };
  const text = fixupVerifierLog(raw, program, object);
  log.warn(`prog '${spec.name}': BPF program load failed: ${log.text(ret)}`);
  if (!options.ownLog && text !== '')
    log.warn(`prog '${spec.name}': -- BEGIN PROG LOAD LOG --\n${text}-- END PROG LOAD LOG --`);
  return { program, ret, log: text };
}
