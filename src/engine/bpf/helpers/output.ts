/**
 * Text and bytes that programs put out: into the session's buffer, into their own memory, into trace_pipe.
 *
 * Source: kernel/trace/bpf_trace.c, kernel/bpf/helpers.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { latin1Encode } from '../../../shared/utf8.ts';
import type { ArgNumber, Call, Helper } from '../../vm/helper.ts';
import { SeqFile } from '../../vfs/seq_file.ts';
import type { Bpf } from '../bpf.ts';
import { MAX_BPRINTF_VARARGS, bprintf } from '../bprintf.ts';
import { btfHelpers } from './btf_output.ts';
import { printfMemory, storeText } from './access.ts';

/** What the trace buffer takes of one call. */
const TRACE_LINE: Bytes = 1024;

export function outputHelpers(bpf: Bpf): readonly (readonly [number, Helper])[] {
  const seqFile = lastSeqFile(bpf);
  return [
    [6, (c) => tracePrintk(bpf, c)],
    [126, (c) => seqPrintf(c, seqFile(c.arg(1)))],
    [127, (c) => seqWrite(c, seqFile(c.arg(1)))],
    [165, snprintf],
    [177, (c) => traceVprintk(bpf, c)],
    ...btfHelpers(),
  ];
}

/** The seq_file at an address. It keeps nothing but where its members are, so a program's next call has it at hand. */
function lastSeqFile({ kernel }: Bpf): (addr: Addr) => SeqFile {
  let last: SeqFile | null = null;
  return (addr) => (last?.addr === addr ? last : (last = new SeqFile(kernel, addr)));
}

/**
 * The 64-bit arguments of a format.
 *
 * @returns -EINVAL for a length that is no multiple of 8, too long, or without data
 */
function readArgs(call: Call, data: Addr, length: number): bigint[] | NegErrno {
  if (length % 8 !== 0 || length > MAX_BPRINTF_VARARGS * 8 || (length !== 0 && data === 0n))
    return fail('EINVAL');
  const args: bigint[] = [];
  for (let at = data; args.length < length / 8; at += 8n) args.push(call.mem.u64(at));
  return args;
}

/** Renders a format from memory. `at` is the register of the format; size, data and length follow. */
function render(call: Call, at: ArgNumber): string | NegErrno {
  const args = readArgs(call, call.arg((at + 2) as ArgNumber), call.u32((at + 3) as ArgNumber));
  if (!Array.isArray(args)) return args;
  const fmt = call.mem.bytes(call.arg(at), call.u32((at + 1) as ArgNumber));
  return bprintf(fmt, args, printfMemory(call.kernel));
}

/**
 * @returns 0, -EINVAL for format or arguments, -ENOSPC for too much text in them, -EOVERFLOW when the
 *   session's buffer is full
 * @kernel bpf_seq_printf, kernel/trace/bpf_trace.c
 * @fidelity full: printf.test.ts
 */
function seqPrintf(call: Call, seq: SeqFile): NegErrno {
  const text = render(call, 2);
  return typeof text === 'number' ? text : seq.write(latin1Encode(text));
}

/**
 * @kernel bpf_seq_write, kernel/trace/bpf_trace.c
 * @fidelity full: printf.test.ts
 */
function seqWrite(call: Call, seq: SeqFile): NegErrno {
  return seq.write(call.mem.bytes(call.arg(2), call.u32(3)));
}

/** The format of snprintf is a constant string, so its size needs no argument. */
const MAX_FORMAT: Bytes = 4096;

/**
 * @returns the length of the whole text with its NUL, or -EINVAL, -ENOSPC
 * @kernel bpf_snprintf, kernel/bpf/helpers.c
 * @fidelity full: printf.test.ts
 */
function snprintf(call: Call): number {
  const size = call.u32(2);
  const args = readArgs(call, call.arg(4), call.u32(5));
  if (!Array.isArray(args)) return args;
  const fmt = latin1Encode(`${call.mem.text(call.arg(3), MAX_FORMAT)}\0`);
  const text = bprintf(fmt, args, printfMemory(call.kernel));
  if (typeof text === 'number') return text;
  storeText(call.mem, call.arg(1), size, text);
  return text.length + 1;
}

function trace(bpf: Bpf, text: string | NegErrno): number {
  if (typeof text === 'number') return text;
  const line = text.slice(0, TRACE_LINE - 1);
  bpf.tracePipe.push(line);
  return line.length;
}

/**
 * @returns bytes written, or what the format check says
 * @kernel bpf_trace_printk, kernel/trace/bpf_trace.c
 * @fidelity full: printf.test.ts
 */
function tracePrintk(bpf: Bpf, call: Call): number {
  const fmt = call.mem.bytes(call.arg(1), call.u32(2));
  return trace(bpf, bprintf(fmt, [call.arg(3), call.arg(4), call.arg(5)], printfMemory(call.kernel)));
}

/**
 * @kernel bpf_trace_vprintk, kernel/trace/bpf_trace.c
 * @fidelity full: app/helper_calls.test.ts
 */
function traceVprintk(bpf: Bpf, call: Call): number {
  return trace(bpf, render(call, 1));
}
