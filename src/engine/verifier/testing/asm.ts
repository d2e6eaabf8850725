/**
 * BPF assembly in the notation of verifier logs, one instruction per line, for tests:
 *
 *     r1 = *(u64 *)(r1 +8)
 *     if r1 == 0x0 goto pc+2
 *     r1 = map a              a map of the request      r1 = value a +4     an address in its value
 *     call bpf_seq_write      a helper or a kfunc       call pc+7           a subprogram
 *     r2 = func +3            a callback                exit
 *     raw 0x85 0 0 0 7        an instruction by its fields: code, dst, src, off, imm
 */
import type { TypeId } from '../../../shared/brand.ts';
import { helperId } from '../../abi/helper_id.ts';
import type { Insn } from '../../abi/insn.ts';
import { parseRelease } from '../../abi/releases.ts';
import { MapType } from '../../abi/uapi.ts';
import type { Btf } from '../../btf/parse.ts';
import { Kind } from '../../btf/types.ts';
import type { MapInfo, ProgFuncInfo, TargetInfo, VerifyRequest } from '../request.ts';

const ALU: Readonly<Record<string, number>> = {
  '+=': 0x00,
  '-=': 0x10,
  '*=': 0x20,
  '/=': 0x30,
  '|=': 0x40,
  '&=': 0x50,
  '<<=': 0x60,
  '>>=': 0x70,
  '%=': 0x90,
  '^=': 0xa0,
  '=': 0xb0,
  's>>=': 0xc0,
};
const JMP: Readonly<Record<string, number>> = {
  '==': 0x10,
  '>': 0x20,
  '>=': 0x30,
  '&': 0x40,
  '!=': 0x50,
  's>': 0x60,
  's>=': 0x70,
  '<': 0xa0,
  '<=': 0xb0,
  's<': 0xc0,
  's<=': 0xd0,
};
const FETCH: Readonly<Record<string, number>> = { add: 0x01, or: 0x41, and: 0x51, xor: 0xa1 };
const SIZE: Readonly<Record<string, number>> = { '8': 0x10, '16': 0x08, '32': 0x00, '64': 0x18 };

const insn = (code: number, fields: Partial<Insn> = {}): Insn => ({
  code,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
});
const pair = (dst: number, src: number, low: number, high: number): Insn[] => [
  insn(0x18, { dst, src, imm: low }),
  insn(0, { imm: high }),
];

export interface AsmWorld {
  readonly btf: Btf;
  readonly maps: Readonly<Record<string, MapInfo>>;
}

type Encode = (m: readonly string[], world: AsmWorld) => Insn[];
const n = (text: string | undefined): number => Number((text ?? '0').replace(/^\+/, ''));
const fdOf = (world: AsmWorld, name: string | undefined): number =>
  Object.keys(world.maps).indexOf(name ?? '') + 1;

function call(name: string, world: AsmWorld): Insn {
  const id = helperId(name);
  if (id !== undefined) return insn(0x85, { imm: id });
  return insn(0x85, { src: 2, imm: world.btf.find(name, Kind.FUNC) });
}

const FORMS: readonly (readonly [RegExp, Encode])[] = [
  [/^exit$/, () => [insn(0x95)]],
  [/^goto pc([+-]\d+)$/, ([, off]) => [insn(0x05, { off: n(off) })]],
  [/^may_goto pc([+-]\d+)$/, ([, off]) => [insn(0xe5, { off: n(off) })]],
  [/^call pc([+-]\d+)$/, ([, imm]) => [insn(0x85, { src: 1, imm: n(imm) })]],
  [/^call (\w+)$/, ([, name], world) => [call(name ?? '', world)]],
  [/^r(\d+) = map (\w+)$/, ([, dst, name], world) => pair(n(dst), 1, fdOf(world, name), 0)],
  [
    /^r(\d+) = value (\w+) \+(\d+)$/,
    ([, dst, name, off], world) => pair(n(dst), 2, fdOf(world, name), n(off)),
  ],
  [/^r(\d+) = func ([+-]\d+)$/, ([, dst, off]) => pair(n(dst), 4, n(off), 0)],
  [/^r(\d+) = var (\w+)$/, ([, dst, name], { btf }) => pair(n(dst), 3, btf.find(name ?? '', Kind.VAR), 0)],
  [
    /^r(\d+) = \*\((u|s)(\d+) \*\)\(r(\d+) ([+-]\d+)\)$/,
    ([, dst, sign, size, src, off]) => [
      insn((sign === 's' ? 0x81 : 0x61) | (SIZE[size ?? ''] ?? 0), { dst: n(dst), src: n(src), off: n(off) }),
    ],
  ],
  [
    /^\*\(u(\d+) \*\)\(r(\d+) ([+-]\d+)\) = r(\d+)$/,
    ([, size, dst, off, src]) => [
      insn(0x63 | (SIZE[size ?? ''] ?? 0), { dst: n(dst), src: n(src), off: n(off) }),
    ],
  ],
  [
    /^\*\(u(\d+) \*\)\(r(\d+) ([+-]\d+)\) = (-?\d+)$/,
    ([, size, dst, off, imm]) => [
      insn(0x62 | (SIZE[size ?? ''] ?? 0), { dst: n(dst), off: n(off), imm: n(imm) }),
    ],
  ],
  [
    /^lock \*\(u(\d+) \*\)\(r(\d+) ([+-]\d+)\) \+= r(\d+)$/,
    ([, size, dst, off, src]) => [
      insn(0xc3 | (SIZE[size ?? ''] ?? 0), { dst: n(dst), src: n(src), off: n(off) }),
    ],
  ],
  [
    /^r(\d+) = atomic(64|)_fetch_(add|or|and|xor)\(\(u\d+ \*\)\(r(\d+) ([+-]\d+)\), r(\d+)\)$/,
    ([, , size, op, dst, off, src]) => [
      insn(size === '' ? 0xc3 : 0xdb, { dst: n(dst), src: n(src), off: n(off), imm: FETCH[op ?? ''] ?? 0 }),
    ],
  ],
  [
    /^r(\d+) = atomic(64|)_xchg\(\(u\d+ \*\)\(r(\d+) ([+-]\d+)\), r(\d+)\)$/,
    ([, , size, dst, off, src]) => [
      insn(size === '' ? 0xc3 : 0xdb, { dst: n(dst), src: n(src), off: n(off), imm: 0xe1 }),
    ],
  ],
  [
    /^r(\d+) = \(s(8|16|32)\)r(\d+)$/,
    ([, dst, bits, src]) => [insn(0xbf, { dst: n(dst), src: n(src), off: n(bits) })],
  ],
  [/^r(\d+) = -r\d+$/, ([, dst]) => [insn(0x87, { dst: n(dst) })]],
  [
    /^raw (\w+) (\d+) (\d+) (-?\d+) (-?\d+)$/,
    ([, code, dst, src, off, imm]) => [insn(n(code), { dst: n(dst), src: n(src), off: n(off), imm: n(imm) })],
  ],
  [
    /^if ([rw])(\d+) (\S+) (?:[rw](\d+)|(0x[0-9a-f]+)) goto pc([+-]\d+)$/,
    ([, width, dst, op, src, imm, off]) => [
      insn((width === 'r' ? 5 : 6) | (JMP[op ?? ''] ?? 0) | (src === undefined ? 0 : 8), {
        dst: n(dst),
        src: n(src),
        imm: n(imm) | 0,
        off: n(off),
      }),
    ],
  ],
  [
    /^([rw])(\d+) (\S+) (?:[rw](\d+)|(-?\w+))$/,
    ([, width, dst, op, src, imm]) => [
      insn((width === 'r' ? 7 : 4) | (ALU[op ?? ''] ?? 0) | (src === undefined ? 0 : 8), {
        dst: n(dst),
        src: n(src),
        imm: n(imm) | 0,
      }),
    ],
  ],
];

/** @throws Error for a line that is no instruction */
export function assemble(source: string, world: AsmWorld): Insn[] {
  return source
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .flatMap((line) => {
      for (const [pattern, encode] of FORMS) {
        const match = pattern.exec(line);
        if (match) return encode(match, world);
      }
      throw new Error(`no instruction: ${line}`);
    });
}

/** A map for tests; what is not said is an array of one 8-byte value. */
export function mapInfo(name: string, fields: Partial<MapInfo> = {}): MapInfo {
  return {
    type: MapType.ARRAY,
    name,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
    flags: 0,
    frozen: false,
    address: 0xff11_0000_0000_1000n,
    valueAddress: 0xffa0_0000_0000_1000n,
    fields: [],
    readValue: () => null,
    inner: null,
    ...fields,
  };
}

const TASK: TargetInfo = { ctxArgs: [{ offset: 8, type: 'trusted_or_null' }], extraHelpers: [] };
const ELEM: TargetInfo = {
  ctxArgs: [
    { offset: 16, type: 'rdonly_buf_or_null' },
    { offset: 24, type: 'rdwr_buf_or_null' },
  ],
  extraHelpers: [],
};
const TARGETS: Readonly<Record<string, TargetInfo>> = { task: TASK, bpf_map_elem: ELEM };

/** A request for a program in assembly, as `SEC("iter/TARGET")`. */
export function asmRequest(
  source: string,
  world: AsmWorld,
  options: Partial<VerifyRequest> & { readonly attach?: string } = {},
): VerifyRequest {
  const release = parseRelease('6.12');
  if (!release) throw new Error('no release');
  const { attach = 'task', ...rest } = options;
  const attachBtfId: TypeId = world.btf.find(`bpf_iter_${attach}`, Kind.FUNC);
  const funcInfo: readonly ProgFuncInfo[] = [];
  return {
    insns: assemble(source, world),
    release,
    kernelBtf: world.btf,
    progBtf: null,
    funcInfo,
    lineInfo: [],
    map: (fd) => Object.values(world.maps)[fd - 1] ?? 'EBADF',
    ksymAddress: () => 0xffff_ffff_8200_0000n,
    gplCompatible: true,
    attachBtfId,
    target: (name) => TARGETS[name] ?? null,
    sleepable: false,
    logLevel: 1,
    cpus: 1,
    ...rest,
  };
}
