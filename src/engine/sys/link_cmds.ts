/**
 * The link commands of bpf(2), for iterator links, and BPF_ITER_CREATE.
 *
 * Source: kernel/bpf/syscall.c, kernel/bpf/bpf_iter.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { AttachType, BPF_F_REPLACE } from '../abi/uapi.ts';
import { IterLink, readIterInfo } from '../iter/link.ts';
import type { IterInfo } from '../iter/link.ts';
import type { Session } from '../iter/session.ts';
import type { View } from '../kernel/view.ts';
import { openFd } from '../vfs/fd_table.ts';
import { closeFile } from '../vfs/file.ts';
import { isIterator } from './prog_types.ts';
import type { Sys } from './sys.ts';

/** BPF_LINK_CREATE */
export interface LinkCreateAttr {
  readonly progFd: number;
  readonly targetFd: number;
  readonly attachType: number;
  readonly flags: number;
  readonly iterInfo: IterInfo;
}

const NO_INFO: IterInfo = { bytes: null, length: 0 };

/**
 * Attaches a program.
 *
 * @returns an fd, or the errno of the first check that fails; see the order of the checks
 * @kernel link_create, kernel/bpf/syscall.c; bpf_iter_link_attach, kernel/bpf/bpf_iter.c
 * @fidelity partial: only iterator programs can be attached, others are refused with -EOPNOTSUPP
 */
export function linkCreate(
  sys: Sys,
  {
    progFd,
    attachType,
    targetFd = 0,
    flags = 0,
    iterInfo = NO_INFO,
  }: Partial<LinkCreateAttr> & Pick<LinkCreateAttr, 'progFd' | 'attachType'>,
): number {
  const { kernel, objects, fds, iter } = sys;
  const prog = fds.get('prog', progFd);
  if (typeof prog === 'number') return prog;
  const { type, expectedAttachType } = prog.spec;
  if (isIterator(type, expectedAttachType) !== (attachType === AttachType.TRACE_ITER)) return fail('EINVAL');
  if (!isIterator(type, expectedAttachType)) return fail('EOPNOTSUPP');
  if (targetFd !== 0 || flags !== 0) return fail('EINVAL');
  const info = readIterInfo(iterInfo);
  if (typeof info === 'number') return info;
  const reg = iter.byFunction(kernel.btf.nameOf(prog.attachBtfId));
  if (!reg) return fail('ENOENT');
  if (prog.sleepable && !reg.resched) return fail('EINVAL');
  const link = objects.links.alloc((id) => new IterLink(iter, reg, prog, id));
  const err = link.attach(info, fds.task);
  if (err !== 0) {
    objects.links.remove(link.id);
    link.free();
    return err;
  }
  const fd = fds.open('link', link.addr);
  if (fd < 0) objects.putLink(link);
  return fd;
}

/**
 * Exchanges the program of a link.
 *
 * @param oldProgFd checked only with BPF_F_REPLACE
 * @kernel link_update, kernel/bpf/syscall.c
 * @fidelity full: probes.test.ts
 */
export function linkUpdate(sys: Sys, linkFd: number, newProgFd: number, flags = 0, oldProgFd = 0): NegErrno {
  if ((flags & ~BPF_F_REPLACE) !== 0) return fail('EINVAL');
  const link = sys.fds.get('link', linkFd);
  if (typeof link === 'number') return link;
  const prog = sys.fds.get('prog', newProgFd);
  if (typeof prog === 'number') return prog;
  if ((flags & BPF_F_REPLACE) === 0) return oldProgFd !== 0 ? fail('EINVAL') : link.replace(prog, null);
  const old = sys.fds.get('prog', oldProgFd);
  return typeof old === 'number' ? old : link.replace(prog, old);
}

/**
 * Iterator links cannot be detached, only closed.
 *
 * @kernel link_detach, kernel/bpf/syscall.c
 * @fidelity full: probes.test.ts
 */
export function linkDetach(sys: Sys, linkFd: number): NegErrno {
  const link = sys.fds.get('link', linkFd);
  return typeof link === 'number' ? link : fail('EOPNOTSUPP');
}

/**
 * Opens a session of a link.
 *
 * @returns an fd, -EINVAL for flags or an fd that is no link, -EBADF, or what the target's init says
 * @kernel bpf_iter_create, kernel/bpf/syscall.c; bpf_iter_new_fd, kernel/bpf/bpf_iter.c
 * @fidelity full: src/engine/sys/recorded.test.ts
 */
export function iterCreate(sys: Sys, linkFd: number, flags = 0): number {
  const { kernel, fds } = sys;
  if (flags !== 0) return fail('EINVAL');
  const link = fds.get('link', linkFd);
  if (typeof link === 'number') return link;
  const file = fds.newSessionFile();
  const session = openSession(sys, link, file);
  if (typeof session === 'number') {
    closeFile(kernel, file);
    return session;
  }
  const fd = openFd(kernel, fds.task, file, true);
  if (fd < 0) closeFile(kernel, file);
  return fd;
}

/** A session over `file`, known by its fd from now on. */
export function openSession(sys: Sys, link: IterLink, file: View): Session | NegErrno {
  const session = link.open(file.addr);
  if (typeof session === 'number') {
    file.set('private_data', 0n);
    return session;
  }
  sys.fds.addSession(session);
  return session;
}
