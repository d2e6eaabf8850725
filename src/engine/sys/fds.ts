/**
 * BPF objects behind file descriptors.
 *
 * An fd of the calling task leads to a struct file; its file_operations say what kind of object it stands
 * for, its private_data which one. Closing the last fd of a file gives the object its reference back.
 *
 * Source: kernel/bpf/syscall.c, kernel/bpf/bpf_iter.c, kernel/bpf/btf.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { BPF_F_RDONLY, BPF_F_WRONLY } from '../abi/uapi.ts';
import type { BtfObject } from '../bpf/btf_object.ts';
import { mapsByAddr } from '../bpf/map.ts';
import type { BpfMap } from '../bpf/map.ts';
import { progsByAddr } from '../bpf/prog.ts';
import type { Prog } from '../bpf/prog.ts';
import type { IterLink } from '../iter/link.ts';
import type { Session } from '../iter/session.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { O_CLOEXEC, canRead, canWrite, fileOperations } from '../kernel/objects/file.ts';
import type { View } from '../kernel/view.ts';
import { anonInodeFile } from '../vfs/anon_inode.ts';
import { allocFd, installFd, lookupFd } from '../vfs/fd_table.ts';
import { onRelease } from '../vfs/file.ts';
import type { BpfObjects } from './objects.ts';

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;

interface Objects {
  readonly map: BpfMap;
  readonly prog: Prog;
  readonly link: IterLink;
  readonly btf: BtfObject;
  readonly iter: Session;
}
export type FdKind = keyof Objects;
/** What a BPF fd stands for. */
export type FdObject = { [K in FdKind]: { readonly kind: K; readonly object: Objects[K] } }[FdKind];
/** What a pin can keep. */
export type PinObject = Extract<FdObject, { kind: 'map' | 'prog' | 'link' }>;

interface KindInfo {
  /** Symbol of the file_operations. */
  readonly fops: string;
  /** After `anon_inode:`. */
  readonly name: string;
  readonly flags: number;
}
const KINDS: Readonly<Record<FdKind, KindInfo>> = {
  map: { fops: 'bpf_map_fops', name: 'bpf-map', flags: O_RDWR | O_CLOEXEC },
  prog: { fops: 'bpf_prog_fops', name: 'bpf-prog', flags: O_RDWR | O_CLOEXEC },
  link: { fops: 'bpf_link_fops', name: 'bpf_link', flags: O_RDONLY | O_CLOEXEC },
  btf: { fops: 'btf_fops', name: 'btf', flags: O_RDONLY | O_CLOEXEC },
  iter: { fops: 'bpf_iter_fops', name: 'bpf_iter', flags: O_RDONLY | O_CLOEXEC },
};

/** What a new file of an object has that is not the same for all of its kind. */
export interface OpenAs {
  /** After `anon_inode:`. */
  readonly name?: string;
  /** O_RDONLY, O_WRONLY or O_RDWR: what system calls may do with a map through the fd. */
  readonly access?: number;
}

/**
 * How a file is opened that flags of bpf(2) ask for.
 *
 * @returns O_RDONLY, O_WRONLY, O_RDWR; -EINVAL for a file that is neither read nor written
 * @kernel bpf_get_file_flag, kernel/bpf/syscall.c
 * @fidelity full: prog_load.test.ts
 */
export function fileAccess(flags: number): number {
  const only = flags & (BPF_F_RDONLY | BPF_F_WRONLY);
  if (only === (BPF_F_RDONLY | BPF_F_WRONLY)) return fail('EINVAL');
  return only === BPF_F_RDONLY ? O_RDONLY : only === BPF_F_WRONLY ? O_WRONLY : O_RDWR;
}

export class BpfFds {
  private readonly kernel: Kernel;
  private readonly objects: BpfObjects;
  /** Open sessions by the address of their seq_file. */
  private readonly sessions = new Map<Addr, Session>();
  /** Links that sessions keep alive because they were opened by name. */
  private readonly pinned = new Map<Session, IterLink>();

  constructor(kernel: Kernel, objects: BpfObjects) {
    this.kernel = kernel;
    this.objects = objects;
    for (const { fops } of Object.values(KINDS)) onRelease(kernel, fops, (file) => this.release(file));
  }

  /** The task whose fds these are: the one that makes the system call. */
  get task(): View {
    return this.kernel.view('task_struct', this.kernel.current);
  }

  // -- fd to object ----------------------------------------------------------------------------------------

  file(fd: number): View | null {
    return lookupFd(this.kernel, this.task, fd);
  }

  /** What is behind a file, or null when it is none of BPF's. */
  behind(file: View): FdObject | null {
    const fops = file.ptr('f_op');
    const kind = (Object.keys(KINDS) as FdKind[]).find(
      (k) => fileOperations(this.kernel, KINDS[k].fops) === fops,
    );
    return kind ? this.find(kind, file.ptr('private_data')) : null;
  }

  /** The object of a kind at an address. */
  find(kind: FdKind, addr: Addr): FdObject {
    const { kernel, objects } = this;
    switch (kind) {
      case 'map':
        return { kind, object: mapsByAddr.at(kernel, addr) };
      case 'prog':
        return { kind, object: progsByAddr.at(kernel, addr) };
      case 'link':
        return { kind, object: objects.linkAt(addr) };
      case 'btf': {
        const id = kernel.view('btf', addr).num('id');
        return { kind, object: must(objects.btfs.find(id), `BTF ${id}`) };
      }
      case 'iter':
        return { kind, object: must(this.sessions.get(addr), 'session') };
    }
  }

  /**
   * The object of one kind behind an fd.
   *
   * @returns -EBADF when the fd is not open, -EINVAL when it is something else
   */
  get<K extends FdKind>(kind: K, fd: number): Objects[K] | NegErrno {
    const file = this.file(fd);
    if (!file) return fail('EBADF');
    const found = this.behind(file);
    return found?.kind === kind ? (found.object as Objects[K]) : fail('EINVAL');
  }

  /**
   * The map behind an fd, for a system call that reads or writes its elements.
   *
   * @returns -EBADF, -EINVAL; -EPERM when the fd is not open for that, or when a frozen map would be written
   * @kernel map_get_sys_perms, kernel/bpf/syscall.c
   * @fidelity full: prog_load.test.ts
   */
  mapFor(fd: number, use: { readonly reads?: boolean; readonly writes?: boolean }): BpfMap | NegErrno {
    const file = this.file(fd);
    const map = this.get('map', fd);
    if (!file || typeof map === 'number') return map;
    const flags = file.num('f_flags');
    const may = (!use.reads || canRead(flags)) && (!use.writes || (canWrite(flags) && !map.frozen));
    return may ? map : fail('EPERM');
  }

  // -- object to fd ----------------------------------------------------------------------------------------

  /** A file for an object; the caller's reference on the object goes with it. */
  newFile(kind: Exclude<FdKind, 'iter'>, object: Addr, how: OpenAs = {}): View {
    const { fops, flags, name } = KINDS[kind];
    const opened = how.access === undefined ? flags : O_CLOEXEC | how.access;
    return anonInodeFile(this.kernel, {
      name: how.name ?? name,
      fops,
      flags: opened,
      privateData: object,
    });
  }

  /** Opens a new fd for an object. @returns the fd, or -EMFILE: then the reference stays with the caller */
  open(kind: Exclude<FdKind, 'iter'>, object: Addr, how?: OpenAs): number {
    const fd = allocFd(this.kernel, this.task, true);
    if (fd >= 0) installFd(this.kernel, this.task, fd, this.newFile(kind, object, how));
    return fd;
  }

  /** A new fd for an object that is there already: takes a reference. @returns the fd, or -EMFILE */
  openHeld(behind: PinObject, how?: OpenAs): number {
    this.hold(behind);
    const fd = this.open(behind.kind, behind.object.addr, how);
    if (fd < 0) this.drop(behind);
    return fd;
  }

  /**
   * A file that will be a session: `seq_open` gives it its private_data.
   *
   * @kernel bpf_iter_new_fd, kernel/bpf/bpf_iter.c
   * @fidelity full: src/engine/sys/recorded.test.ts
   */
  newSessionFile(): View {
    const { fops, name, flags } = KINDS.iter;
    return anonInodeFile(this.kernel, { name, fops, flags, privateData: 0n });
  }
  addSession(session: Session): void {
    this.sessions.set(session.seq.addr, session);
  }
  /** The session was opened through a pin: it keeps the link, whose reference was taken, until it is closed. */
  openedFrom(session: Session, link: IterLink): void {
    this.pinned.set(session, link);
  }
  /** Every open session, oldest first. */
  get openSessions(): readonly Session[] {
    return [...this.sessions.values()];
  }

  // -- references --------------------------------------------------------------------------------------------

  /** Takes a reference for a file or a pin. */
  hold(behind: PinObject): void {
    if (behind.kind === 'map') this.objects.getMap(behind.object, true);
    else if (behind.kind === 'prog') this.objects.getProg(behind.object);
    else this.objects.getLink(behind.object);
  }

  /** Gives a file's or a pin's reference back. */
  drop(behind: FdObject): void {
    switch (behind.kind) {
      case 'map':
        return this.objects.putMap(behind.object, true);
      case 'prog':
        return this.objects.putProg(behind.object);
      case 'link':
        return this.objects.putLink(behind.object);
      case 'btf':
        return this.objects.putBtf(behind.object);
      case 'iter':
        return this.dropSession(behind.object);
    }
  }

  private dropSession(session: Session): void {
    const link = this.pinned.get(session);
    this.sessions.delete(session.seq.addr);
    this.pinned.delete(session);
    session.release();
    if (link) this.objects.putLink(link);
  }

  /** The last reference on a file has gone. */
  private release(file: View): void {
    const behind = file.ptr('private_data') === 0n ? null : this.behind(file);
    if (behind) this.drop(behind);
  }
}
