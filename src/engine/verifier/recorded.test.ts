/** Objects that clang made: the verifier says of them, word for word, what Linux 6.12 said. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Errno } from '../../shared/errno.ts';
import { parseRelease } from '../abi/releases.ts';
import { BPF_F_SLEEPABLE } from '../abi/uapi.ts';
import { specialFields } from '../bpf/special_fields.ts';
import { Btf } from '../btf/parse.ts';
import { Symbols } from '../kernel/symbols.ts';
import { loadObject } from '../libbpf/load.ts';
import { openObject } from '../libbpf/open.ts';
import type { BpfSyscalls, LinkCreateAttr, MapCreateAttr, ProgLoadAttr } from '../libbpf/syscalls.ts';
import type { CtxArgType, MapInfo, TargetInfo, VerifyRequest, VerifyResult } from './request.ts';
import { verify } from './verify.ts';

const recordedRoot = join(import.meta.dirname, '../../../recorded/linux-6.12');
const gunzip = (path: string): Uint8Array =>
  new Uint8Array(gunzipSync(readFileSync(join(recordedRoot, path))));
const vmlinux = Btf.parse(gunzip('kernel/vmlinux.btf.gz'));
const symbols = Symbols.parse(new TextDecoder().decode(gunzip('kernel/kallsyms.gz')));

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
]);

/** A bpf(2) in which programs are verified and nothing runs. */
class VerifySys implements BpfSyscalls {
  readonly results: VerifyResult[] = [];
  private readonly logLevel: number;
  private readonly maps = new Map<number, MapInfo>();
  private readonly btfs = new Map<number, Btf>();
  private nextFd = 4;

  constructor(logLevel: number) {
    this.logLevel = logLevel;
  }
  btfLoad(raw: Uint8Array): number {
    this.btfs.set(this.nextFd, Btf.parse(raw));
    return this.nextFd++;
  }
  mapCreate(attr: MapCreateAttr): number {
    const btf = this.btfs.get(attr.btfFd);
    const value = new Uint8Array(attr.valueSize);
    const info = {
      ...attr,
      frozen: false,
      address: 0xff11_0000_0000_0000n + BigInt(this.nextFd * 0x1000),
      valueAddress: attr.type === 2 ? 0xffa0_0000_0000_0000n + BigInt(this.nextFd * 0x1000) : null,
      fields: btf && attr.btfValueTypeId !== 0 ? specialFields(btf, attr.btfValueTypeId) : [],
      readValue: (offset: number, size: number) => value.subarray(offset, offset + size),
      inner: null,
      value,
    };
    this.maps.set(this.nextFd, info);
    return this.nextFd++;
  }
  mapUpdate(fd: number, _key: Uint8Array, value: Uint8Array): number {
    const info = this.maps.get(fd) as (MapInfo & { value: Uint8Array }) | undefined;
    info?.value.set(value);
    return 0;
  }
  mapFreeze(fd: number): number {
    const info = this.maps.get(fd) as { frozen: boolean } | undefined;
    if (info) info.frozen = true;
    return 0;
  }
  progLoad(attr: ProgLoadAttr): { ret: number; log: string } {
    const btf = this.btfs.get(attr.progBtfFd) ?? null;
    const result = verify(requestOf(attr, btf, (fd) => this.maps.get(fd) ?? null, this.logLevel));
    this.results.push(result);
    return { ret: result.errno === null ? this.nextFd++ : -Errno[result.errno], log: result.log };
  }
  linkCreate = (_attr: LinkCreateAttr): number => this.nextFd++;
  objPin = (): number => 0;
  objGet = (): number => -Errno.ENOENT;
  close = (): number => 0;
}

function requestOf(
  attr: ProgLoadAttr,
  progBtf: Btf | null,
  map: (fd: number) => MapInfo | null,
  logLevel: number,
): VerifyRequest {
  const release = parseRelease('6.12');
  if (!release) throw new Error('no release');
  return {
    insns: attr.insns,
    release,
    kernelBtf: vmlinux,
    progBtf,
    funcInfo: attr.funcInfo.map((row) => ({ insnOff: Number(row.insnOff), typeId: row.typeId })),
    lineInfo: attr.lineInfo.map((row) => ({
      insnOff: Number(row.insnOff),
      file: progBtf?.string(row.fileNameOff) ?? '',
      text: progBtf?.string(row.lineOff) ?? '',
      line: row.line,
    })),
    map,
    ksymAddress: (name) => symbols.find(name)?.addr ?? null,
    gplCompatible: attr.license === 'GPL',
    attachBtfId: attr.attachBtfId,
    target: (name) => TARGETS.get(name) ?? null,
    sleepable: (attr.flags & BPF_F_SLEEPABLE) !== 0,
    logLevel,
    cpus: 1,
  };
}

/** Every program of an object, up to the first that is refused. */
function verifyObject(bytes: Uint8Array, path: string, logLevel: number): readonly VerifyResult[] {
  const opened = openObject(bytes, { path });
  if (!opened.ok) return [];
  const sys = new VerifySys(logLevel);
  const kernel = { btf: vmlinux, symbols, release: '6.12.117', config: null };
  loadObject(opened.object, { kernel, sys, ownLog: true });
  return sys.results;
}

const caseObject = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(join(recordedRoot, 'cases', name, `${name}.clang.o`)));

interface Recorded {
  readonly verdict: string;
  readonly errno: number;
  readonly log1: string;
  readonly log2: string;
}
const recorded = new Map(
  readdirSync(join(recordedRoot, 'cases'))
    .filter((name) => !name.includes('.'))
    .map((name) => [
      name,
      JSON.parse(readFileSync(join(recordedRoot, 'cases', name, 'linux.json'), 'utf8')) as Recorded,
    ]),
);
/** Cases that reached the kernel's verifier; one ran into the limit and was recorded with statistics only. */
const atLimit = 'loop_unbounded';
const verified = [...recorded].filter(([name, { log1 }]) => log1 !== '' && name !== atLimit);

/** Cases whose object stands one line further down than the source that was recorded. */
const MOVED_LINES: ReadonlySet<string> = new Set(['dpath_task_iter']);

/** Addresses of maps and values are the machine's. */
const comparable = (name: string, log: string): string => {
  const text = log.replace(/= 0xff[0-9a-f]{14}/g, '= ADDRESS');
  return MOVED_LINES.has(name) ? text.replace(/(@ \S+):\d+/g, '$1') : text;
};

test.for(verified)('%s: verdict, errno and log at level 1 are those of Linux', ([name, want]) => {
  const results = verifyObject(caseObject(name), `/lab/obj/${name}.o`, 1);
  const last = results.at(-1)?.errno ?? null;
  expect(last === null ? 0 : Errno[last]).toBe(want.errno);
  expect(comparable(name, results[0]?.log ?? '')).toBe(comparable(name, want.log1));
});

/** Recorded text over 60 kB was cut in the middle; both ends are compared. */
test.for(verified)('%s: log at level 2 is that of Linux', ([name, want]) => {
  const [result] = verifyObject(caseObject(name), `/lab/obj/${name}.o`, 2);
  const got = comparable(name, result?.log ?? '');
  const log2 = comparable(name, want.log2);
  const end = want.log2.length < 60_000 ? Infinity : 29_000;
  expect(got.slice(0, end)).toBe(log2.slice(0, end));
  expect(got.slice(-29_000)).toBe(log2.slice(-29_000));
});

test('a loop that cannot be bounded ends at a million instructions, with the state counts of Linux', () => {
  const want = recorded.get(atLimit);
  const [result] = verifyObject(caseObject(atLimit), `/lab/obj/${atLimit}.o`, 4);
  const timeless = (log: string): string => log.replace(/time \d+ usec/, 'time');
  expect(result?.errno).toBe('E2BIG');
  expect(timeless(result?.log ?? '')).toBe(timeless(want?.log1 ?? ''));
}, 300_000);
