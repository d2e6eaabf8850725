/**
 * The C library of user programs: C of ours, compiled once by our compiler and linked behind each program.
 *
 * What C cannot do it asks of native functions, by the names that begin with two underscores.
 */
import { EngineBug } from '../../../shared/assert.ts';
import type { Btf } from '../../btf/parse.ts';
import { compileForUser } from '../compile.ts';
import type { LinkInput } from '../../image/link.ts';
import { LIBBPF_C } from './libbpf/index.ts';
import { PTHREAD_C } from './pthread.ts';
import { STDIO_C } from './stdio.ts';
import { STDLIB_C } from './stdlib.ts';
import { STRING_C } from './string.ts';
import { UNISTD_C } from './unistd.ts';

const SOURCES: readonly (readonly [path: string, text: string])[] = [
  ['libc/string.c', STRING_C],
  ['libc/stdio.c', STDIO_C],
  ['libc/stdlib.c', STDLIB_C],
  ['libc/unistd.c', UNISTD_C],
  ['libc/pthread.c', PTHREAD_C],
  ['libbpf/libbpf.c', LIBBPF_C],
];

const compiled = new WeakMap<Btf, readonly LinkInput[]>();

/** The library's objects. */
export function library(kernelBtf: Btf): readonly LinkInput[] {
  let objects = compiled.get(kernelBtf);
  if (!objects) {
    objects = SOURCES.map(([path, text]) => {
      const { object, diagnostics } = compileForUser({ path, text, kernelBtf });
      if (!object) {
        const [first] = diagnostics.filter(({ severity }) => severity === 'error');
        throw new EngineBug(`${first?.file ?? path}:${first?.line ?? 0}: ${first?.message ?? 'no object'}`);
      }
      return { name: path, bytes: object, library: true };
    });
    compiled.set(kernelBtf, objects);
  }
  return objects;
}
