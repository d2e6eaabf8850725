/**
 * Iterator links: a program bound to a target with its parameters.
 *
 * The link is a `struct bpf_iter_link` in kernel memory. What the target was told lies in its `aux`, as
 * numbers (task) or as references that live as long as the link (map, cgroup). Every session is opened from
 * a link, and keeps nothing of it but the program.
 *
 * Source: kernel/bpf/bpf_iter.c, include/uapi/linux/bpf.h, Linux 6.12.
 */
import type { Addr, Bytes } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { View } from '../kernel/view.ts';
import type { BpfIter, IterProg, IterReg } from './bpf_iter.ts';
import { Session } from './session.ts';

/** sizeof(union bpf_iter_link_info) */
const LINK_INFO_SIZE = 16;
const PAGE = 4096;
const BPF_LINK_TYPE_ITER = 4;
/** sizeof(struct bpf_link_info), as 6.12 has it up to the iterator's part. */
const TARGET_NAME = 16;
const TARGET_NAME_LEN = 24;

/** `iter_info` and `iter_info_len` of BPF_LINK_CREATE. */
export interface IterInfo {
  /** The user's bytes; null for a NULL pointer. May be shorter than `length` says: the rest is unreadable. */
  readonly bytes: Uint8Array | null;
  readonly length: Bytes;
}

/**
 * The parameters as the kernel sees them: 16 bytes, what was not given is 0.
 *
 * @returns -EINVAL for a pointer without a length or the reverse, -E2BIG over a page or for bytes that this
 *   kernel does not know, -EFAULT when the user's memory ends before `length`
 * @kernel bpf_iter_link_attach, kernel/bpf/bpf_iter.c
 * @fidelity full: task_targets.test.ts
 */
export function readIterInfo({ bytes, length }: IterInfo): DataView | NegErrno {
  if ((bytes === null) !== (length === 0)) return fail('EINVAL');
  const linfo = new Uint8Array(LINK_INFO_SIZE);
  if (bytes) {
    if (length > PAGE) return fail('E2BIG');
    if (bytes.length < length) return fail('EFAULT');
    if (bytes.subarray(LINK_INFO_SIZE, length).some((byte) => byte !== 0)) return fail('E2BIG');
    linfo.set(bytes.subarray(0, Math.min(length, LINK_INFO_SIZE)));
  }
  return new DataView(linfo.buffer);
}

export class IterLink {
  readonly id: number;
  readonly iter: BpfIter;
  readonly reg: IterReg;
  /** `struct bpf_iter_link`, which begins with struct bpf_link. */
  readonly view: View;
  /** Its `struct bpf_iter_aux_info`: what the target was told. */
  readonly aux: View;
  /** The program that sessions opened from now on will run. */
  prog: IterProg;

  /**
   * A link with one reference, the caller's, that is not attached yet.
   *
   * @kernel bpf_link_init, kernel/bpf/syscall.c
   * @fidelity full: bpf_targets.test.ts
   */
  constructor(iter: BpfIter, reg: IterReg, prog: IterProg, id: number) {
    this.iter = iter;
    this.reg = reg;
    this.prog = prog;
    this.id = id;
    this.view = iter.env.kernel.alloc('bpf_iter_link');
    this.view.set('link.refcnt', 1);
    this.view.set('link.id', id);
    this.view.set('link.type', BPF_LINK_TYPE_ITER);
    this.view.trySet('link.ops', iter.env.kernel.symbols.find('bpf_iter_link_lops')?.addr ?? 0n);
    this.aux = this.view.sub('aux');
  }

  get addr(): Addr {
    return this.view.addr;
  }

  /**
   * Lets the target check and keep its parameters, and takes the program.
   *
   * @returns 0 or what the target says; then nothing is held
   * @kernel bpf_iter_link_attach, kernel/bpf/bpf_iter.c
   * @fidelity full: task_targets.test.ts
   */
  attach(info: DataView, current: View): NegErrno {
    const { iter, reg, prog, aux } = this;
    const err = reg.attach?.({ kernel: iter.env.kernel, iter, info, prog, current }, aux) ?? 0;
    if (err !== 0) return err;
    iter.env.getProg(prog);
    this.view.set('link.prog', prog.addr);
    return 0;
  }

  /**
   * Opens a session over `file`.
   *
   * @returns the session or what the target's init says
   * @kernel bpf_iter_new_fd, kernel/bpf/bpf_iter.c
   * @fidelity full: task_targets.test.ts
   */
  open(file: Addr): Session | NegErrno {
    return Session.open(this.iter, this.reg, this.prog, this.aux, file);
  }

  /**
   * Exchanges the program for sessions to come; open ones keep theirs.
   *
   * @param old the program the caller expects, or null for any
   * @returns 0, -EPERM when `old` is another, -EINVAL when the new one is for another target
   * @kernel bpf_iter_link_replace, kernel/bpf/bpf_iter.c
   * @fidelity full: task_targets.test.ts
   */
  replace(prog: IterProg, old: IterProg | null): NegErrno {
    if (old && old.addr !== this.prog.addr) return fail('EPERM');
    if (prog.attachBtfId !== this.prog.attachBtfId) return fail('EINVAL');
    const { env } = this.iter;
    env.getProg(prog);
    env.putProg(this.prog);
    this.prog = prog;
    this.view.set('link.prog', prog.addr);
    return 0;
  }

  /**
   * The lines after the generic ones of a link's fdinfo.
   *
   * @kernel bpf_iter_link_show_fdinfo, kernel/bpf/bpf_iter.c
   * @fidelity full: task_targets.test.ts
   */
  showFdinfo(): string {
    return `target_name:\t${this.reg.target}\n${this.reg.showFdinfo?.(this.iter.env.kernel, this.aux) ?? ''}`;
  }

  /**
   * Fills the target's part of `struct bpf_link_info`.
   *
   * @param info the structure, as far as the caller has room for it and at least up to the iterator's part
   * @param copyName takes text with its NUL to the user's `target_name` buffer; false when that faults
   * @returns 0; -EINVAL for a buffer without a length or the reverse; -ENOSPC when the name had to be cut
   * @kernel bpf_iter_link_fill_link_info, kernel/bpf/bpf_iter.c
   * @fidelity full: task_targets.test.ts
   */
  fillLinkInfo(info: DataView, copyName: (text: string) => boolean): NegErrno {
    const room = info.getUint32(TARGET_NAME_LEN, true);
    const wantsName = info.getBigUint64(TARGET_NAME, true) !== 0n;
    if (wantsName !== room > 0) return fail('EINVAL');
    const { target } = this.reg;
    info.setUint32(TARGET_NAME_LEN, target.length + 1, true);
    if (wantsName) {
      if (!copyName(target.slice(0, room - 1))) return fail('EFAULT');
      if (room < target.length + 1) return fail('ENOSPC');
    }
    this.reg.fillLinkInfo?.(this.iter.env.kernel, this.aux, info);
    return 0;
  }

  /**
   * The last reference has gone: the target and the program get theirs back. Then `free`.
   *
   * @kernel bpf_iter_link_release, bpf_iter_link_dealloc, kernel/bpf/bpf_iter.c
   * @fidelity full: bpf_targets.test.ts
   */
  release(): void {
    const { env } = this.iter;
    this.reg.detach?.({ kernel: env.kernel, iter: this.iter }, this.aux);
    env.putProg(this.prog);
  }
  /** Frees the struct. Its bytes stay readable until they are used again. */
  free(): void {
    this.view.mem.release(this.view.addr);
  }
}
