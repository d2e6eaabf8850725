/** Buffers that are handed to helpers with a size: does so much belong to what stands there? */
import type { Expr } from './ast.ts';
import type { Context } from './check_context.ts';
import * as C from './ctype.ts';

/** Which argument is the buffer, and which its size. */
const BUFFERS: Readonly<Record<string, readonly [buffer: number, size: number]>> = {
  bpf_seq_write: [1, 2],
  bpf_get_current_comm: [0, 1],
  bpf_probe_read: [0, 1],
  bpf_probe_read_kernel: [0, 1],
  bpf_probe_read_kernel_str: [0, 1],
  bpf_probe_read_user: [0, 1],
  bpf_probe_read_user_str: [0, 1],
  bpf_d_path: [1, 2],
  bpf_snprintf: [0, 1],
  bpf_ringbuf_output: [1, 2],
  bpf_perf_event_output: [3, 4],
};

const unconverted = (expr: Expr): Expr =>
  expr.kind === 'cast' && !expr.explicit && expr.cast !== 'load' && expr.cast !== 'array_decay'
    ? unconverted(expr.operand)
    : expr;

/** The variable whose address a buffer is. */
function variableAt(expr: Expr): Expr | null {
  const place =
    expr.kind === 'address_of' || (expr.kind === 'cast' && expr.cast === 'array_decay') ? expr.operand : null;
  return place?.kind === 'ref' && place.symbol.kind === 'var' ? place : null;
}

/** Says what is wrong with the size of a buffer in a call of a helper. */
export function checkBuffer(context: Context, helper: string, args: readonly Expr[]): void {
  const [at, sizeAt] = (Object.hasOwn(BUFFERS, helper) ? BUFFERS[helper] : null) ?? [null, null];
  const buffer = at === null ? undefined : args[at];
  const size = sizeAt === null ? undefined : args[sizeAt];
  if (!buffer || size?.kind !== 'int') return;
  const written = unconverted(buffer);
  const place = variableAt(written);
  const has = place && C.sizeOf(place.type);
  const name = context.sources.text(written.range);
  if (place && has !== null && size.value > BigInt(has)) {
    const text = `'${helper}' is told of ${size.value} bytes, but '${context.sources.text(place.range)}' has ${has}`;
    context.warning('bpf-buffer', size.range, text);
  } else if (
    C.isPointer(written.type) &&
    context.sources.text(size.range).replaceAll(/\s/g, '') === `sizeof(${name})` &&
    !place
  ) {
    const text = `'sizeof(${name})' is the size of a pointer, not of what it points to`;
    context.warning('bpf-buffer', size.range, text);
  }
}
