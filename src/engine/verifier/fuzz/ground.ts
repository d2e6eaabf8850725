/**
 * Where programs of one kind are verified and run: what the verifier is asked, what memory holds before a
 * run, and how an instruction finds its maps. The judge (judge.ts) knows no more of it.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Bpf } from '../../bpf/bpf.ts';
import type { Code, Linker } from '../../vm/code.ts';
import type { VerifyRequest, VerifyResult } from '../request.ts';
import type { Custody } from './custody.ts';
import type { Program } from './generate.ts';
import type { Random } from './random.ts';

export interface Ground {
  readonly bpf: Bpf;
  readonly custody: Custody;
  /** What the verifier is asked, but for who looks on. */
  request(program: Program): VerifyRequest;
  /** Fills memory for a run. @returns the context */
  prepare(random: Random, run: number): Addr;
  /** The program with its addresses, or null: it calls what nobody here can run. */
  code(program: Program, result: VerifyResult, linker: Linker): Code | null;
}
