/** Typed output of kernel data. Source: kernel/trace/bpf_trace.c, Linux 6.12. */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { latin1Encode } from '../../../shared/utf8.ts';
import { Kind } from '../../btf/types.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { SeqFile } from '../../vfs/seq_file.ts';
import { storeText } from './access.ts';
import { BTF_F_COMPACT, BTF_F_NONAME, BTF_F_PTR_RAW, BTF_F_ZERO, btfShow } from '../btf_show.ts';

/** sizeof(struct btf_ptr) */
const BTF_PTR_SIZE = 16;
const FLAGS = BTF_F_COMPACT | BTF_F_NONAME | BTF_F_PTR_RAW | BTF_F_ZERO;

export const btfHelpers = (): readonly (readonly [number, Helper])[] => [
  [149, snprintfBtf],
  [150, seqPrintfBtf],
];

/**
 * Shows what a struct btf_ptr names.
 *
 * @returns -EINVAL for flags, size or type 0, -ENOENT for a type that is not there
 * @kernel bpf_btf_printf_prepare, kernel/trace/bpf_trace.c
 * @fidelity full: app/helper_calls.test.ts
 */
function show(call: Call, ptr: Addr, size: number, flags: bigint): ReturnType<typeof btfShow> | NegErrno {
  if ((flags & ~FLAGS) !== 0n || size !== BTF_PTR_SIZE) return fail('EINVAL');
  const id = call.mem.u32(ptr + 8n);
  if (id === 0) return fail('EINVAL');
  if (call.kernel.btf.kind(id) === Kind.VOID) return fail('ENOENT');
  return btfShow(call.kernel, id, call.mem.u64(ptr), flags);
}

/**
 * @returns 0, or the errno of memory that could not be read; a full buffer is seen by the reader only
 * @kernel bpf_seq_printf_btf, kernel/trace/bpf_trace.c
 * @fidelity full: app/helper_calls.test.ts
 */
function seqPrintfBtf(call: Call): NegErrno {
  const shown = show(call, call.arg(2), call.u32(3), call.arg(4));
  if (typeof shown === 'number') return shown;
  new SeqFile(call.kernel, call.arg(1)).write(latin1Encode(shown.text));
  return shown.status;
}

/**
 * @returns the length of the whole text without NUL, or the errno of memory that could not be read
 * @kernel bpf_snprintf_btf, kernel/trace/bpf_trace.c
 * @fidelity full: app/helper_calls.test.ts
 */
function snprintfBtf(call: Call): number {
  const size = call.u32(2);
  const shown = show(call, call.arg(3), call.u32(4), call.arg(5));
  if (typeof shown === 'number') return shown;
  storeText(call.mem, call.arg(1), size, shown.text);
  return shown.status === 0 ? shown.text.length : shown.status;
}
