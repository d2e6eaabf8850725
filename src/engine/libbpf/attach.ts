/**
 * bpf_program__attach_iter: a loaded program becomes a link, with what the target wants to know in
 * `union bpf_iter_link_info`.
 *
 * Source: libbpf.c bpf_program__attach_iter, include/uapi/linux/bpf.h.
 */
import type { NegErrno } from '../../shared/errno.ts';
import { goodFd } from './good_fd.ts';
import { Messages } from './messages.ts';
import type { ErrorStyle } from './messages.ts';
import { BPF_TRACE_ITER } from '../abi/section.ts';
import type { BpfSyscalls } from './syscalls.ts';

/** sizeof(union bpf_iter_link_info) */
export const ITER_LINK_INFO_BYTES = 16;

/** What to walk; the target decides which form it reads. */
export type IterLinkInfo =
  | { readonly kind: 'map'; readonly mapFd: number }
  | {
      readonly kind: 'cgroup';
      /** enum bpf_cgroup_iter_order */
      readonly order: number;
      readonly cgroupFd: number;
      readonly cgroupId: bigint;
    }
  | { readonly kind: 'task'; readonly tid: number; readonly pid: number; readonly pidFd: number };

/** The union as bytes. */
export function encodeIterLinkInfo(info: IterLinkInfo): Uint8Array {
  const out = new Uint8Array(ITER_LINK_INFO_BYTES);
  const view = new DataView(out.buffer);
  switch (info.kind) {
    case 'map':
      view.setUint32(0, info.mapFd, true);
      break;
    case 'cgroup':
      view.setUint32(0, info.order, true);
      view.setUint32(4, info.cgroupFd, true);
      view.setBigUint64(8, info.cgroupId, true);
      break;
    case 'task':
      view.setUint32(0, info.tid, true);
      view.setUint32(4, info.pid, true);
      view.setUint32(8, info.pidFd, true);
      break;
  }
  return out;
}

export type AttachResult =
  | { readonly ok: true; readonly linkFd: number }
  | { readonly ok: false; readonly errno: NegErrno; readonly messages: readonly string[] };

/**
 * Makes a link.
 *
 * @param prog its name, for the message, and its fd
 * @param info null: none, as when a skeleton attaches
 */
export function attachIter(
  prog: { readonly name: string; readonly fd: number },
  info: IterLinkInfo | null,
  sys: BpfSyscalls,
  errorStyle: ErrorStyle = 'strerror',
): AttachResult {
  const linkFd = goodFd(
    sys,
    sys.linkCreate({
      progFd: prog.fd,
      attachType: BPF_TRACE_ITER,
      iterInfo: info && encodeIterLinkInfo(info),
    }),
  );
  if (linkFd >= 0) return { ok: true, linkFd };
  const log = new Messages(errorStyle);
  log.warn(`prog '${prog.name}': failed to attach to iterator: ${log.text(linkFd)}`);
  return { ok: false, errno: linkFd, messages: log.lines };
}
