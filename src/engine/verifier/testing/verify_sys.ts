/**
 * A bpf(2) in which programs are verified and nothing runs: libbpf opens and loads an object, the verifier
 * says what Linux would say.
 */
import type { Addr } from '../../../shared/brand.ts';
import { Errno } from '../../../shared/errno.ts';
import { parseRelease } from '../../abi/releases.ts';
import { BPF_F_SLEEPABLE, MapType } from '../../abi/uapi.ts';
import { specialFields } from '../../bpf/special_fields.ts';
import { Btf } from '../../btf/parse.ts';
import type { Symbols } from '../../kernel/symbols.ts';
import { loadObject } from '../../libbpf/load.ts';
import type { BpfObject } from '../../libbpf/object.ts';
import type { BpfSyscalls, LinkCreateAttr, MapCreateAttr, ProgLoadAttr } from '../../libbpf/syscalls.ts';
import { attributesOf } from '../../sys/prog_load.ts';
import type { CtxArgType, MapInfo, TargetInfo, VerifyRequest, VerifyResult } from '../request.ts';
import { verify } from '../verify.ts';

/** Types and symbols of the kernel that programs are loaded into. */
export interface LabKernel {
  readonly btf: Btf;
  readonly symbols: Symbols;
}

const slot = (offset: number, type: CtxArgType): { offset: number; type: CtxArgType } => ({ offset, type });
const arg = (...ctxArgs: TargetInfo['ctxArgs']): TargetInfo => ({ ctxArgs, extraHelpers: [] });
const sockHelpers = ['bpf_setsockopt', 'bpf_getsockopt'];

/** What each target registers, as far as loading looks at it. */
const TARGETS: ReadonlyMap<string, TargetInfo> = new Map([
  ['task', arg(slot(8, 'trusted_or_null'))],
  ['task_file', arg(slot(8, 'btf_or_null'), slot(24, 'btf_or_null'))],
  ['task_vma', arg(slot(8, 'btf_or_null'), slot(16, 'btf_or_null'))],
  ['bpf_map', arg(slot(8, 'trusted_or_null'))],
  ['bpf_map_elem', arg(slot(16, 'rdonly_buf_or_null'), slot(24, 'rdwr_buf_or_null'))],
  ['bpf_prog', arg(slot(8, 'btf_or_null'))],
  ['bpf_link', arg(slot(8, 'btf_or_null'))],
  ['cgroup', arg(slot(8, 'trusted_or_null'))],
  ['tcp', { ctxArgs: [slot(8, 'trusted_or_null')], extraHelpers: sockHelpers }],
  ['udp', arg(slot(8, 'trusted_or_null'))],
  ['unix', { ctxArgs: [slot(8, 'btf_or_null')], extraHelpers: sockHelpers }],
  ['netlink', arg(slot(8, 'btf_or_null'))],
  ['ksym', arg(slot(8, 'btf_or_null'))],
  ['ipv6_route', arg(slot(8, 'btf_or_null'))],
  ['sockmap', arg(slot(16, 'rdonly_buf_or_null'), slot(24, 'btf_or_null'))],
  ['bpf_sk_storage_map', arg(slot(16, 'btf_or_null'), slot(24, 'rdwr_buf_or_null'))],
]);

export interface LabOptions {
  readonly kernel: LabKernel;
  /** BPF_LOG_* */
  readonly logLevel: number;
  /** Absent: 6.12. */
  readonly release?: string;
  /** BPF_F_* for every program, besides what its section says. */
  readonly progFlags?: number;
}

type LabMap = MapInfo & { frozen: boolean; readonly value: Uint8Array };

export class VerifySys implements BpfSyscalls {
  readonly results: VerifyResult[] = [];
  private readonly options: LabOptions;
  private readonly maps = new Map<number, LabMap>();
  private readonly btfs = new Map<number, Btf>();
  private nextFd = 4;

  constructor(options: LabOptions) {
    this.options = options;
  }
  btfLoad(raw: Uint8Array): number {
    this.btfs.set(this.nextFd, Btf.parse(raw));
    return this.nextFd++;
  }
  /** Of an array in the kernel, of an arena in user space. */
  private valueAddress({ type, mapExtra }: MapCreateAttr): Addr | null {
    if (type === MapType.ARENA) return mapExtra || null;
    return type === MapType.ARRAY ? 0xffa0_0000_0000_0000n + BigInt(this.nextFd * 0x1000) : null;
  }
  mapCreate(attr: MapCreateAttr): number {
    const btf = this.btfs.get(attr.btfFd);
    const value = new Uint8Array(attr.valueSize);
    this.maps.set(this.nextFd, {
      ...attr,
      frozen: false,
      address: 0xff11_0000_0000_0000n + BigInt(this.nextFd * 0x1000),
      valueAddress: this.valueAddress(attr),
      ...(btf && attr.btfValueTypeId !== 0 ? { valueType: { btf, id: attr.btfValueTypeId } } : {}),
      fields: btf && attr.btfValueTypeId !== 0 ? specialFields(btf, attr.btfValueTypeId) : [],
      readValue: (offset, size) => value.subarray(offset, offset + size),
      inner: this.maps.get(attr.innerMapFd) ?? null,
      value,
    });
    return this.nextFd++;
  }
  mapInfo = (): number => -Errno.EBADF;
  mapUpdate(fd: number, _key: Uint8Array, value: Uint8Array): number {
    this.maps.get(fd)?.value.set(value);
    return 0;
  }
  mapFreeze(fd: number): number {
    const info = this.maps.get(fd);
    if (info) info.frozen = true;
    return 0;
  }
  mmapArena = (): number => 0;
  progLoad(attr: ProgLoadAttr): { ret: number; log: string } {
    const btf = this.btfs.get(attr.progBtfFd) ?? null;
    const result = verify(this.requestOf(attr, btf));
    this.results.push(result);
    return { ret: result.errno === null ? this.nextFd++ : -Errno[result.errno], log: result.log };
  }
  linkCreate = (_attr: LinkCreateAttr): number => this.nextFd++;
  objPin = (): number => 0;
  objGet = (): number => -Errno.ENOENT;
  dupAbove = (fd: number): number => fd;
  close = (): number => 0;

  private requestOf(attr: ProgLoadAttr, progBtf: Btf | null): VerifyRequest {
    const { kernel, logLevel, progFlags = 0 } = this.options;
    const release = parseRelease(this.options.release ?? '6.12');
    if (!release) throw new Error('no release');
    const flags = attr.flags | progFlags;
    return {
      ...attributesOf(attr, progBtf),
      flags,
      release,
      kernelBtf: kernel.btf,
      map: (fd) => this.maps.get(fd) ?? 'EBADF',
      ksymAddress: (name) => kernel.symbols.find(name)?.addr ?? null,
      target: (name) => TARGETS.get(name) ?? null,
      sleepable: (flags & BPF_F_SLEEPABLE) !== 0,
      logLevel,
      cpus: 1,
    };
  }
}

/** Every program of an opened object, up to the first that is refused; and what libbpf said. */
export function verifyObject(
  object: BpfObject,
  options: LabOptions,
): { readonly results: readonly VerifyResult[]; readonly messages: readonly string[] } {
  const sys = new VerifySys(options);
  const kernel = { ...options.kernel, release: options.release ?? '6.12.117', config: null };
  const { messages } = loadObject(object, { kernel, sys, ownLog: true });
  return { results: sys.results, messages };
}
