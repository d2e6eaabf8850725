/**
 * Contexts of other program types than tracing ones: bytes that may be read as they are, or a struct whose
 * fields each have a rule.
 *
 * Source: the is_valid_access functions of kernel/trace/bpf_trace.c and net/core/filter.c, Linux 6.12.
 */
import type { Bytes } from '../../shared/brand.ts';
import type { Env } from './env.ts';
import type { FieldContext, PlainContext } from './ctx_fields.ts';

/** @returns false: the access is refused */
export function plainAccessOk(
  env: Env,
  ctx: PlainContext | FieldContext,
  off: Bytes,
  size: Bytes,
  write: boolean,
): boolean {
  if (off < 0 || off >= ctx.size || off % size !== 0) return false;
  if (ctx.kind === 'plain') return !write || ctx.writable;
  const field = ctx.fields.find((one) => off >= one.from && off < one.to);
  if (!field || (write && !field.writable)) return false;
  switch (field.kind) {
    case 'data':
      return size === field.size && !write ? env.unsupported('context of packets and sockets') : false;
    case 'any':
      return off + size <= field.to;
    case 'whole':
      return size === field.size;
    case 'narrow':
      return write ? size === field.size : size <= field.size;
  }
}
