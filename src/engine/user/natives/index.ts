/** Every native function, by the name that C declares. */
import type { NativeTable } from '../native.ts';
import { BPF_CALLS } from './bpf_calls.ts';
import { FILE_CALLS } from './file_calls.ts';
import { LIBBPF_CALLS } from './libbpf_calls.ts';
import { MEMORY_CALLS } from './memory_calls.ts';
import { TASK_CALLS } from './task_calls.ts';

export const NATIVES: NativeTable = {
  ...FILE_CALLS,
  ...MEMORY_CALLS,
  ...TASK_CALLS,
  ...BPF_CALLS,
  ...LIBBPF_CALLS,
};
