/** Every function that kernel code may call. One table: the header's prototypes are its keys. */
import type { FunctionTable } from '../call.ts';
import { CGROUP_FUNCTIONS } from './cgroups.ts';
import { FILE_FUNCTIONS } from './files.ts';
import { ITERATOR_FUNCTIONS } from './iterator.ts';
import { LOCK_FUNCTIONS } from './locks.ts';
import { MEMORY_FUNCTIONS } from './memory.ts';
import { OUTPUT_FUNCTIONS } from './output.ts';
import { TASK_FUNCTIONS } from './tasks.ts';

export const KERNEL_FUNCTIONS: FunctionTable = {
  ...TASK_FUNCTIONS,
  ...FILE_FUNCTIONS,
  ...CGROUP_FUNCTIONS,
  ...MEMORY_FUNCTIONS,
  ...LOCK_FUNCTIONS,
  ...OUTPUT_FUNCTIONS,
  ...ITERATOR_FUNCTIONS,
};
