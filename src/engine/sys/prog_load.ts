/**
 * BPF_PROG_LOAD: from a user's instructions to a program that may run.
 *
 * The attributes are checked, the verifier is asked, and what it agreed to becomes a Prog with its own fd.
 *
 * Source: bpf_prog_load, kernel/bpf/syscall.c, Linux 6.12.
 */
import { Errno, fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { TypeId } from '../../shared/brand.ts';
import type { Insn } from '../abi/insn.ts';
import { BPF_COMPLEXITY_LIMIT_INSNS, BPF_F_RDONLY_PROG, BPF_F_SLEEPABLE } from '../abi/uapi.ts';
import { UnresolvedError } from '../bpf/prog.ts';
import type { ProgSpec } from '../bpf/prog.ts';
import type { BpfMap } from '../bpf/map.ts';
import { ArrayMap } from '../bpf/maps/array.ts';
import type { Btf } from '../btf/parse.ts';
import type { FuncInfo, LineInfo } from '../btf/ext.ts';
import { ksymAddress } from '../kernel/percpu.ts';
import type { MapInfo, VerifyRequest, VerifyResult } from '../verifier/request.ts';
import { isObjectName } from './map_cmds.ts';
import { checkProgType, fixupAttachType, isIterator } from './prog_types.ts';
import type { Sys } from './sys.ts';
import { canTestRun } from './test_run.ts';

export interface ProgLoadAttr {
  readonly type: number;
  readonly expectedAttachType: number;
  readonly insns: readonly Insn[];
  readonly license: string;
  readonly name: string;
  readonly flags: number;
  /** FUNC in the kernel's BTF, 0: none. */
  readonly attachBtfId: TypeId;
  /** The program's own BTF, 0: none. */
  readonly progBtfFd: number;
  /** insnOff counts instructions. */
  readonly funcInfo: readonly FuncInfo[];
  /** insnOff counts instructions. */
  readonly lineInfo: readonly LineInfo[];
  readonly logLevel: number;
}

export interface ProgLoadResult {
  /** An fd, or a negated errno. */
  readonly ret: number;
  /** What the verifier wrote; '' at level 0 and when it was not asked. */
  readonly log: string;
  /** The program was loaded although it could not be judged: why. */
  readonly unverified?: string;
}

/** Licenses that make GPL-only helpers available. @kernel license_is_gpl_compatible, include/linux/license.h @fidelity full: prog_load.test.ts */
const GPL_COMPATIBLE: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
]);

/** Flags that a tracing program may have: strict alignment, any alignment, two test modes, sleepable, ... */
const KNOWN_FLAGS = 0xff;
const BTF_MAX_TYPE = 0xfffff;

/** The first check that an attribute fails, before the verifier is asked. */
function checkAttr(attr: ProgLoadAttr): NegErrno {
  if ((attr.flags & ~KNOWN_FLAGS) !== 0) return fail('EINVAL');
  if (attr.insns.length === 0 || attr.insns.length > BPF_COMPLEXITY_LIMIT_INSNS) return fail('E2BIG');
  if (attr.attachBtfId > BTF_MAX_TYPE || !isObjectName(attr.name)) return fail('EINVAL');
  return checkProgType(attr.type, attr.expectedAttachType, attr.attachBtfId);
}

/** What the verifier knows of a map; the same object for the same map. */
const infos = new WeakMap<BpfMap, MapInfo>();

function mapInfo(map: BpfMap): MapInfo {
  let info = infos.get(map);
  if (!info) {
    const { spec } = map;
    info = {
      type: spec.type,
      name: spec.name,
      keySize: spec.keySize,
      valueSize: spec.valueSize,
      maxEntries: spec.maxEntries,
      flags: spec.flags,
      get frozen() {
        return map.frozen;
      },
      address: map.addr,
      // where an arena is in user space may be told later
      get valueAddress() {
        return map.directValue(0) || null;
      },
      fields: map.special,
      ...(spec.btf ? { valueType: { btf: spec.btf.types, id: spec.btf.value } } : {}),
      readValue: (offset, size) => readConstant(map, offset, size),
      inner: spec.inner ? mapInfo(spec.inner) : null,
    };
    infos.set(map, info);
  }
  return info;
}

/** Values that can no longer change are constants to the verifier. @kernel bpf_map_is_rdonly, kernel/bpf/verifier.c @fidelity full: app/document.test.ts */
function readConstant(map: BpfMap, offset: number, size: number): Uint8Array | null {
  const constant = map.frozen && (map.spec.flags & BPF_F_RDONLY_PROG) !== 0;
  if (!constant || !(map instanceof ArrayMap) || offset < 0 || offset + size > map.spec.valueSize)
    return null;
  return map.mem.bytes(map.directValue(0) + BigInt(offset), size);
}

/** What the attributes alone say of a program. */
export const attributesOf = (attr: ProgLoadAttr, progBtf: Btf | null) =>
  ({
    insns: attr.insns,
    progType: attr.type,
    attachType: attr.expectedAttachType,
    attachBtfId: attr.attachBtfId,
    progBtf,
    funcInfo: attr.funcInfo.map((row) => ({ insnOff: Number(row.insnOff), typeId: row.typeId })),
    lineInfo: attr.lineInfo.map((row) => ({
      insnOff: Number(row.insnOff),
      file: progBtf?.string(row.fileNameOff) ?? '',
      text: progBtf?.string(row.lineOff) ?? '',
      line: row.line,
    })),
    gplCompatible: GPL_COMPATIBLE.has(attr.license),
  }) satisfies Partial<VerifyRequest>;

/** What the verifier is asked about a program. */
export function requestFor(sys: Sys, attr: ProgLoadAttr, progBtf: Btf | null): VerifyRequest {
  const { kernel, fds, iter, bpf } = sys;
  return {
    ...attributesOf(attr, progBtf),
    flags: attr.flags,
    release: sys.release,
    kernelBtf: kernel.btf,
    map: (fd) => {
      const map = fds.get('map', fd);
      if (typeof map !== 'number') return mapInfo(map);
      return map === fail('EBADF') ? 'EBADF' : 'EINVAL';
    },
    ksymAddress: (name) => ksymAddress(kernel, name),
    target: (name) => iter.find(name),
    sleepable: (attr.flags & BPF_F_SLEEPABLE) !== 0,
    logLevel: attr.logLevel,
    cpus: bpf.cpus,
    keepStates: sys.keepStates,
  };
}

/** What the verifier found on its way through the whole program. */
function reachedBy({
  seen,
  subprogs,
  xlated,
}: VerifyResult): Pick<ProgSpec, 'seen' | 'functions' | 'xlated'> {
  const functions = subprogs.filter(({ start }) => seen[start] === 1);
  return { seen, functions, ...(xlated && { xlated }) };
}

/**
 * Loads a program. One that is no iterator is verified like any other and can be looked at; what it would call
 * need not be there, since nothing but BPF_PROG_TEST_RUN runs it. For the same reason one that the verifier cannot judge is loaded
 * too, and said to be: it may stand beside an iterator, and libbpf loads all programs of an object or none.
 *
 * @kernel bpf_prog_load, kernel/bpf/syscall.c
 * @fidelity partial: no capabilities; programs that cannot run here are taken as they are where the verifier does
 *   not know what they do; a helper or kfunc of an iterator that the verifier knows but this kernel cannot run is refused with -ENOTSUPP
 *   and named in the log
 */
export function progLoad(sys: Sys, given: ProgLoadAttr): ProgLoadResult {
  const { kernel, objects, fds } = sys;
  const attr = { ...given, expectedAttachType: fixupAttachType(given.type, given.expectedAttachType) };
  const bad = checkAttr(attr);
  if (bad !== 0) return { ret: bad, log: '' };
  const btf = attr.progBtfFd === 0 ? null : fds.get('btf', attr.progBtfFd);
  if (typeof btf === 'number') return { ret: btf, log: '' };
  const result = sys.verify(requestFor(sys, attr, btf?.types ?? null));
  sys.verdict = result;
  const iterates = isIterator(attr.type, attr.expectedAttachType);
  const unverified = !iterates && result.reject?.unsupported ? result.reject.message : null;
  if (result.errno !== null && unverified === null) return { ret: -Errno[result.errno], log: result.log };
  const create = (runs: boolean): ProgLoadResult => {
    const prog = objects.createProg({
      insns: attr.insns,
      name: attr.name,
      type: attr.type,
      expectedAttachType: attr.expectedAttachType,
      gplCompatible: GPL_COMPATIBLE.has(attr.license),
      sleepable: (attr.flags & BPF_F_SLEEPABLE) !== 0,
      attachBtfId: attr.attachBtfId,
      attachFuncName: kernel.btf.nameOf(attr.attachBtfId),
      runs,
      map: (fd) => {
        const map = fds.get('map', fd);
        return typeof map === 'number' ? null : map;
      },
      btf,
      funcInfo: attr.funcInfo,
      lineInfo: attr.lineInfo,
      probeMem: result.probeMem,
      ...(result.arena && { arena: result.arena }),
      ...(result.exceptionCallback && { exceptionCallback: result.exceptionCallback }),
      ...(unverified === null ? reachedBy(result) : {}),
      maxRdonlyAccess: result.maxRdonlyAccess,
      maxRdwrAccess: result.maxRdwrAccess,
      maxCtxOffset: result.maxCtxOffset ?? 0,
      verifiedInsns: result.processed,
      stackDepth: result.stackDepth,
    });
    const fd = fds.open('prog', prog.addr);
    if (fd < 0) objects.putProg(prog);
    return { ret: fd, log: result.log, ...(unverified === null ? {} : { unverified }) };
  };
  try {
    return create(iterates || (unverified === null && canTestRun(attr.type)));
  } catch (error) {
    if (!(error instanceof UnresolvedError)) throw error;
    if (!iterates) return create(false);
    return { ret: fail('ENOTSUPP'), log: `${result.log}not supported here: ${error.message}\n` };
  }
}
