/**
 * C for user space: compiled under the profile `user`, against headers that only it has, which is why they are
 * not the compiler's own. Without optimising: every variable stays where a person who steps can look at it.
 */
import { compile } from '../cc/compile.ts';
import type { CompileInput, CompileOutput } from '../cc/compile.ts';
import { provideHeaders } from '../cc/headers/index.ts';
import { USER_HEADERS } from '../cc/headers/user/index.ts';

let provided = false;

export function compileForUser(input: Omit<CompileInput, 'profile' | 'optimise'>): CompileOutput {
  if (!provided) provideHeaders('user', USER_HEADERS);
  provided = true;
  return compile({ ...input, profile: 'user', optimise: false });
}
