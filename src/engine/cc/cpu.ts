/**
 * Versions of the BPF instruction set, as clang's -mcpu names them. A version has what the ones below it have.
 *
 *     v1    64-bit arithmetic, comparisons that are not "less"
 *     v2    jumps on "less" and "less or equal"
 *     v3    32-bit arithmetic and jumps, atomics other than a plain addition; what is compiled for by default
 *     v4    signed division, moves that extend the sign, byte swaps, stores of constants, long jumps
 */
import type { Cond, Inst } from './ir.ts';

export type CpuName = 'v1' | 'v2' | 'v3' | 'v4';
export const CPU_NAMES: readonly CpuName[] = ['v1', 'v2', 'v3', 'v4'];

export interface Cpu {
  readonly name: CpuName;
  readonly version: number;
  /** Jumps on "less". */
  readonly lessJumps: boolean;
  /** 32-bit arithmetic and jumps, and all atomics. */
  readonly narrow: boolean;
  /** What only v4 has. */
  readonly v4: boolean;
}

const cpu = (version: 1 | 2 | 3 | 4): Cpu => ({
  name: `v${version}`,
  version,
  lessJumps: version >= 2,
  narrow: version >= 3,
  v4: version >= 4,
});
export const CPUS: Readonly<Record<CpuName, Cpu>> = { v1: cpu(1), v2: cpu(2), v3: cpu(3), v4: cpu(4) };

/** Conditions that v1 has no jump for. */
export const isLess = (cond: Cond): boolean =>
  cond === 'ult' || cond === 'ule' || cond === 'slt' || cond === 'sle';

export const noLibrary = (name: string): string =>
  `a call to built-in function '${name}' is not supported: its size or its text must be a constant`;

/** Why no instruction does this, or null. `extended`: profiles other than bpf (profile.ts). */
export function withoutInstruction(
  inst: Inst,
  { v4, narrow }: Cpu,
  isUsed: boolean,
  extended: boolean,
): string | null {
  const { op, callee, atomic, size } = inst;
  if (inst.asm?.refused) return inst.asm.refused;
  if (callee?.kind === 'memory' || callee?.kind === 'text') return noLibrary(callee.name);
  if (extended) return null;
  if ((op === 'sdiv' || op === 'smod') && !v4)
    return 'unsupported signed division: the BPF instruction set before v4 has none; convert to unsigned first';
  if (op === 'atomic' && !narrow && (atomic !== 'add' || isUsed))
    return 'unsupported atomic operation: the BPF instruction set before v3 has only additions whose result is not used';
  if (op === 'atomic' && size < 4) return 'unsupported atomic operation on fewer than 4 bytes: BPF has none';
  return null;
}

/** What __BPF_CPU_VERSION__ and its company say. */
export const cpuMacros = ({ version, lessJumps, narrow, v4 }: Cpu): Readonly<Record<string, string>> => ({
  __BPF_CPU_VERSION__: String(version),
  ...(lessJumps && { __BPF_FEATURE_JMP_EXT: '1', __BPF_FEATURE_MAY_GOTO: '1' }),
  ...(narrow && { __BPF_FEATURE_JMP32: '1', __BPF_FEATURE_ALU32: '1' }),
  ...(v4 && {
    __BPF_FEATURE_LDSX: '1',
    __BPF_FEATURE_MOVSX: '1',
    __BPF_FEATURE_BSWAP: '1',
    __BPF_FEATURE_SDIV_SMOD: '1',
    __BPF_FEATURE_GOTOL: '1',
    __BPF_FEATURE_ST: '1',
  }),
});
