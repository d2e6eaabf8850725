/**
 * What only programs of type syscall are offered: names of the kernel, and file descriptors of their caller.
 *
 * Source: kernel/bpf/syscall.c, kernel/bpf/btf.c, Linux 6.12.
 */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { latin1Decode } from '../../../shared/utf8.ts';
import { Kind } from '../../btf/types.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import { closeFd } from '../../vfs/fd_table.ts';
import type { Call, Helper } from '../../vm/helper.ts';

export const syscallHelpers = (): readonly (readonly [number, Helper])[] => [
  [167, findByNameKind],
  [168, (call) => closeFd(call.kernel, taskAt(call.kernel, call.current), call.s32(1))],
  [179, lookupSymbol],
];

/** The text of R1 and R2, which must end in its only NUL that counts; null when it does not. */
function nameOf(call: Call): string | null {
  const size = call.s32(2);
  if (size <= 1) return null;
  const bytes = call.mem.bytes(call.arg(1), size);
  return bytes.at(-1) === 0 ? latin1Decode(bytes.subarray(0, bytes.indexOf(0))) : null;
}

/** @returns 0, -EINVAL, -ENOENT @kernel bpf_kallsyms_lookup_name, kernel/bpf/syscall.c @fidelity full: app/test_run.test.ts */
function lookupSymbol(call: Call): NegErrno {
  const name = nameOf(call);
  if (call.s32(3) !== 0 || name === null) return fail('EINVAL');
  const addr = call.kernel.symbols.find(name)?.addr ?? 0n;
  call.mem.setU64(call.arg(4), addr);
  return addr === 0n ? fail('ENOENT') : 0;
}

/** @returns the id of the kernel's type with this name and kind, -EINVAL, -ENOENT @kernel bpf_btf_find_by_name_kind, kernel/bpf/btf.c @fidelity partial: modules' types are not searched */
function findByNameKind(call: Call): number {
  const name = nameOf(call);
  if (call.arg(4) !== 0n || name === null) return fail('EINVAL');
  const kind = Object.values(Kind).find((each) => each === call.s32(3));
  return (kind && call.kernel.btf.find(name, kind)) || fail('ENOENT');
}
