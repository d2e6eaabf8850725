/** Programs that are measured: the shipped examples and some that were recorded on a real kernel. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Btf } from '../src/engine/btf/parse.ts';
import { utf8Decode } from '../src/shared/utf8.ts';

/** The benchmarks are started in the repository's root. */
export const readSource = (path: string): string => utf8Decode(readFileSync(path));

export const EXAMPLES = ['task', 'task_file', 'task_vma'].map((name) => `app/examples/${name}.bpf.c`);

const CASES = 'recorded/linux-6.12/cases';
export const CASE_HEADERS = CASES;
export const RECORDED = ['task_fields', 'task_file_paths', 'printf_fmt', 'elem_hash', 'cgroup_walk'].map(
  (name) => `${CASES}/${name}/${name}.bpf.c`,
);

/** Types of the recorded kernel. */
export const recordedBtf = (): Btf =>
  Btf.parse(gunzipSync(readFileSync('recorded/linux-6.12/kernel/vmlinux.btf.gz')));
