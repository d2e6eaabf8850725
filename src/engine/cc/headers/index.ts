/** The headers that come with the compiler, by the path that #include names and the profile. */
import { BPF_CORE_READ } from './bpf_core_read.ts';
import { BPF_ENDIAN } from './bpf_endian.ts';
import { BPF_HELPER_DEFS } from './bpf_helper_defs.ts';
import { BPF_HELPERS } from './bpf_helpers.ts';
import { BPF_TRACING } from './bpf_tracing.ts';
import { STANDARD_HEADERS } from './standard.ts';
import type { ProfileName } from '../profile.ts';
import { UAPI_HEADERS } from './uapi.ts';
import { USDT } from './usdt.ts';
import { STDARG_HEADER } from './stdarg.ts';
import { VMLINUX } from './vmlinux.ts';

const HEADERS: Readonly<Record<string, string>> = {
  ...STANDARD_HEADERS,
  ...UAPI_HEADERS,
  'vmlinux.h': VMLINUX,
  'bpf/bpf_helpers.h': BPF_HELPERS,
  'bpf/bpf_helper_defs.h': BPF_HELPER_DEFS,
  'bpf/bpf_tracing.h': BPF_TRACING,
  'bpf/bpf_core_read.h': BPF_CORE_READ,
  'bpf/bpf_endian.h': BPF_ENDIAN,
  'bpf/usdt.bpf.h': USDT,
};

const BY_PROFILE: Record<ProfileName, Readonly<Record<string, string>>> = {
  bpf: HEADERS,
  user: { ...HEADERS, ...STDARG_HEADER },
  kernel: { ...HEADERS, ...STDARG_HEADER },
};

/** Headers that a profile has besides, from whoever has what they declare: those of user space (`user/`). */
export function provideHeaders(profile: ProfileName, headers: Readonly<Record<string, string>>): void {
  BY_PROFILE[profile] = { ...BY_PROFILE[profile], ...headers };
}

/** The text of a bundled header, or null. */
export function bundledHeader(path: string, profile: ProfileName = 'bpf'): string | null {
  const headers = BY_PROFILE[profile];
  return Object.hasOwn(headers, path) ? (headers[path] ?? null) : null;
}

/** Paths of every bundled header, for completion. */
export const bundledHeaderPaths = (profile: ProfileName = 'bpf'): string[] =>
  Object.keys(BY_PROFILE[profile]);
