/** The headers that come with the compiler, by the path that #include names. */
import { BPF_CORE_READ } from './bpf_core_read.ts';
import { BPF_ENDIAN } from './bpf_endian.ts';
import { BPF_HELPER_DEFS } from './bpf_helper_defs.ts';
import { BPF_HELPERS } from './bpf_helpers.ts';
import { BPF_TRACING } from './bpf_tracing.ts';
import { STANDARD_HEADERS } from './standard.ts';
import { LINUX_BPF, VMLINUX } from './vmlinux.ts';

const HEADERS: Readonly<Record<string, string>> = {
  ...STANDARD_HEADERS,
  'vmlinux.h': VMLINUX,
  'linux/bpf.h': LINUX_BPF,
  'bpf/bpf_helpers.h': BPF_HELPERS,
  'bpf/bpf_helper_defs.h': BPF_HELPER_DEFS,
  'bpf/bpf_tracing.h': BPF_TRACING,
  'bpf/bpf_core_read.h': BPF_CORE_READ,
  'bpf/bpf_endian.h': BPF_ENDIAN,
};

/** The text of a bundled header, or null. */
export const bundledHeader = (path: string): string | null =>
  Object.hasOwn(HEADERS, path) ? (HEADERS[path] ?? null) : null;

/** Paths of every bundled header, for completion. */
export const bundledHeaderPaths = (): string[] => Object.keys(HEADERS);
