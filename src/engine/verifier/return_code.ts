/**
 * What a program may leave in R0 when it ends.
 *
 * Source: check_return_code, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { Kind } from '../btf/types.ts';
import type { Env } from './env.ts';
import { checkRegArg } from './live.ts';
import { markPrecise } from './precision.ts';
import { returnRange } from './prog_type.ts';
import type { RegState } from './reg.ts';
import { SCALAR_VALUE, regTypeName } from './reg_type.ts';
import type { RetvalRange } from './state.ts';
import { rangeMessage, withinRange } from './subprog_call.ts';

/** An int is all that an LSM hook returns. */
const withinRange32 = (reg: RegState, range: RetvalRange): boolean =>
  reg.s32min >= range.min && reg.s32max <= range.max;

/** A register holds a known number of a range. */
function checkRange(env: Env, regno: number, range: RetvalRange, when: string, is32 = false): void {
  const reg = env.reg(regno);
  if (reg.type !== SCALAR_VALUE)
    env.reject('EINVAL', `${when} the register R${regno} is not a known value (${regTypeName(reg.type)})`);
  markPrecise(env, regno);
  if (!(is32 ? withinRange32 : withinRange)(reg, range))
    env.reject('EINVAL', rangeMessage(reg, range, when, `R${regno}`));
}

/** An LSM hook without result. */
function returnsNothing(env: Env): boolean {
  const proto = env.request.kernelBtf.type(env.attachProto);
  return env.progName === 'LSM' && proto.kind === Kind.FUNC_PROTO && proto.type === 0;
}

/**
 * The value that the outermost function returns.
 *
 * @param regno R0; R1 where bpf_throw's cookie becomes the program's result
 * @kernel check_return_code, kernel/bpf/verifier.c
 * @fidelity partial: the program types of prog_type.ts
 */
export function checkReturnCode(env: Env, regno = 0): void {
  const outermost = must(env.state.frame[0], 'outermost frame');
  const isSubprog = outermost.subprogno !== 0 && !outermost.inAsyncCallback;
  if (!isSubprog && !outermost.inAsyncCallback && returnsNothing(env)) return;
  checkRegArg(env, regno, 'src');
  if (outermost.inAsyncCallback)
    return checkRange(env, regno, { min: 0, max: 0 }, 'At async callback return');
  if (isSubprog && outermost.subprogno !== env.exceptionCallback) {
    const { type } = env.reg(regno);
    if (type !== SCALAR_VALUE)
      env.reject(
        'EINVAL',
        `At subprogram exit the register R${regno} is not a scalar value (${regTypeName(type)})`,
      );
    return;
  }
  const range = returnRange(env.progName, env.attachType, env.attachName);
  if (range) checkRange(env, regno, range, 'At program exit', env.progName === 'LSM');
}
