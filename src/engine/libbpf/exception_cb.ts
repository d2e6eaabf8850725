/**
 * `__exception_cb(f)` on a program: the function that makes the result when bpf_throw leaves it. Nothing calls
 * it, so it is put behind the program's code on purpose.
 *
 * Source: libbpf.c bpf_prog_assign_exc_cb.
 */
import { Errno } from '../../shared/errno.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { Messages } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfObject, BpfProgramSpec } from './object.ts';

const TAG = 'exception_callback:';
const GLOBAL = 1;

interface Tagged {
  /** The function the tag stands on. */
  readonly owner: string;
  readonly global: boolean;
  readonly callback: string;
}

function* tags(btf: Btf): Generator<Tagged> {
  for (let id = btf.start; id < btf.end; id++) {
    const tag = btf.type(id);
    if (tag.kind !== Kind.DECL_TAG || tag.component !== -1 || !tag.name.startsWith(TAG)) continue;
    const owner = btf.type(tag.type);
    const func = owner.kind === Kind.FUNC ? owner : null;
    yield {
      owner: func?.name ?? '',
      global: func?.linkage === GLOBAL,
      callback: tag.name.slice(TAG.length),
    };
  }
}

/**
 * The function named by the program's tag; null: it has none, or more than one, which the kernel refuses.
 *
 * @throws LibbpfError after saying what is wrong
 * @kernel bpf_prog_assign_exc_cb, libbpf.c
 * @fidelity full: src/engine/verifier/cases_c.test.ts
 */
export function exceptionCallback(
  object: BpfObject,
  prog: BpfProgramSpec,
  log: Messages,
): BpfProgramSpec | null {
  if (!object.btf) return null;
  const { btf } = object;
  const fail = (errno: 'EINVAL' | 'ENOENT', text: string): never => {
    log.warn(`prog '${prog.name}': ${text}`);
    throw new LibbpfError(-Errno[errno]);
  };
  const found: BpfProgramSpec[] = [];
  for (const { owner, global, callback } of tags(btf)) {
    if (!global) fail('EINVAL', 'exception_callback:<value> decl tag not applied to the main program');
    if (owner !== prog.name) continue;
    if (found.length > 0) return null;
    if (callback === '') fail('EINVAL', 'exception_callback:<value> decl tag contains empty value');
    const sub = object.programs.find((one) => one.subprog && one.name === callback);
    if (!sub) return fail('ENOENT', `cannot find exception callback '${callback}'`);
    const func = btf.type(btf.find(callback, Kind.FUNC));
    if (sub.hidden || func.kind !== Kind.FUNC || func.linkage !== GLOBAL)
      fail('EINVAL', `exception callback ${callback} must be a global non-hidden function`);
    found.push(sub);
  }
  return found[0] ?? null;
}
