/** For tests of walks that touch no BPF object: an environment without any. */
import { fail } from '../../shared/errno.ts';
import type { IterEnv, NumberedWalk } from './bpf_iter.ts';

const none: NumberedWalk = { atLeast: () => null, get: () => undefined, put: () => undefined };

export const NO_OBJECTS: Omit<IterEnv, 'kernel' | 'recorder' | 'current' | 'runProg'> = {
  numbered: { map: none, prog: none, link: none },
  progSymbols: () => [],
  mapByFd: () => fail('EBADF'),
  getUserMap: () => undefined,
  putUserMap: () => undefined,
  getProg: () => undefined,
  putProg: () => undefined,
};
