/** For tests: calls one helper or kfunc as a program would, and moves text in and out of kernel memory. */
import type { Addr } from '../../shared/brand.ts';
import { latin1Encode } from '../../shared/utf8.ts';
import { Code } from '../vm/code.ts';
import { runProg } from '../vm/run.ts';
import { insn, ldImm64 } from '../vm/testing.ts';
import type { Bpf } from './bpf.ts';

/** R0, signed, of a program that only calls. Registers R1.. get the arguments. */
export function callHelper(bpf: Bpf, helper: number | string, ...args: readonly (bigint | number)[]): number {
  const named = { helper: () => null, kfunc: () => bpf.kfuncNamed(String(helper)) };
  const call = typeof helper === 'number' ? insn(0x85, { imm: helper }) : insn(0x85, { src: 2, imm: 1 });
  const insns = [...args.flatMap((arg, i) => ldImm64(i + 1, BigInt(arg))), call, insn(0x95)];
  const code = new Code({ insns, linker: typeof helper === 'number' ? bpf : named, base: 0n });
  const result = runProg(bpf.processor, code, { ctx: 0n });
  if ('abort' in result) throw new Error(`${result.abort} at ${result.pc}, 0x${result.addr.toString(16)}`);
  return Number(BigInt.asIntN(64, result.r0));
}

/** A copy of text with its NUL in new memory. */
export const place = (bpf: Bpf, text: string): Addr => bpf.kernel.allocText(text);

export function placeBytes(bpf: Bpf, bytes: Uint8Array): Addr {
  const addr = bpf.kernel.mem.alloc(Math.max(8, bytes.length), 8);
  bpf.kernel.mem.setBytes(addr, bytes);
  return addr;
}

/** An array of 64-bit values in new memory. */
export function placeArgs(bpf: Bpf, args: readonly bigint[]): Addr {
  const addr = bpf.kernel.mem.alloc(Math.max(8, args.length * 8), 8);
  args.forEach((arg, i) => bpf.kernel.mem.setU64(addr + BigInt(i * 8), arg));
  return addr;
}

export const textAt = (bpf: Bpf, addr: Addr, max = 256): string => bpf.kernel.mem.text(addr, max);
export const bytesOf = (text: string): Uint8Array => latin1Encode(text);
