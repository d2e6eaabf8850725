/** The headers that user programs are compiled against. */
import { LIBBPF_HEADERS } from './libbpf.ts';
import { LIBC_HEADERS } from './libc.ts';
import { POSIX_HEADERS } from './posix.ts';

export const USER_HEADERS: Readonly<Record<string, string>> = {
  ...LIBC_HEADERS,
  ...POSIX_HEADERS,
  ...LIBBPF_HEADERS,
};
