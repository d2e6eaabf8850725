/**
 * bpffs: names that keep BPF objects alive. Opening the name of an iterator link opens a new session.
 *
 *     OBJ_PIN path -> inode: i_op says what kind of object i_private is; the inode holds a reference
 *     OBJ_GET path -> a new fd for the object         open(2) path -> a session, for an iterator link
 *
 * Names are dentries below a mount of type bpf, found by walking the path from the caller's root.
 *
 * Source: kernel/bpf/inode.c, kernel/bpf/syscall.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import { BPF_F_RDONLY, BPF_F_WRONLY } from '../abi/uapi.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  dentryChildren,
  findChild,
  followMounts,
  isUnlinked,
  newDentry,
  newMount,
  unlinkDentry,
} from '../kernel/objects/dentry.ts';
import { O_CLOEXEC, newFile } from '../kernel/objects/file.ts';
import {
  mkdev,
  newDirectory,
  newInode,
  newSuper,
  superByType,
  superTypeName,
} from '../kernel/objects/inode.ts';
import type { InodeSpec } from '../kernel/objects/inode.ts';
import { containerOf, listNodes } from '../kernel/list.ts';
import type { View } from '../kernel/view.ts';
import { openFd } from '../vfs/fd_table.ts';
import { closeFile } from '../vfs/file.ts';
import { O_RDWR, fileAccess } from './fds.ts';
import type { PinObject } from './fds.ts';
import { openSession } from './link_cmds.ts';
import { namesOf, taskRoot, walkPath } from './paths.ts';
import type { Sys } from './sys.ts';

const BPF_F_PATH_FD = 1 << 14;
const S_IFREG = 0o100000;
const S_IFDIR = 0o40000;
const O_ACCMODE = 3;
const FMODE_OPENED = 0x80000;

/** How the inode of a pin tells what is pinned, and what open(2) of it does. */
const INODES: Readonly<Record<PinObject['kind'], { readonly iops: string; readonly fops: string }>> = {
  map: { iops: 'bpf_map_iops', fops: 'bpffs_map_fops' },
  prog: { iops: 'bpf_prog_iops', fops: 'bpffs_obj_fops' },
  link: { iops: 'bpf_link_iops', fops: 'bpf_iter_fops' },
};

const inodeOps = (kernel: Kernel, symbol: string): bigint => kernel.object(symbol, 'inode_operations').addr;

const fsName = (kernel: Kernel, dentry: View): string =>
  superTypeName(kernel, kernel.view('super_block', dentry.ptr('d_sb')));

/**
 * Mounts bpffs at /sys/fs/bpf, where the world has none, making the directories that are missing.
 *
 * @kernel bpf_fill_super, kernel/bpf/inode.c
 * @fidelity partial: no mount options, and no preloaded iterators
 */
export function mountBpffs(sys: Sys): void {
  const { kernel } = sys;
  if (superByType(kernel, 'bpf')) return;
  let at = followMounts(kernel, taskRoot(sys));
  for (const name of ['sys', 'fs', 'bpf']) {
    const sb = kernel.view('super_block', at.dentry.ptr('d_sb'));
    const dentry =
      findChild(kernel, at.dentry, name) ??
      newDentry(kernel, { name, parent: at.dentry, sb, inode: newDirectory(kernel, sb, 0) });
    at = followMounts(kernel, { mnt: at.mnt, dentry });
  }
  const sb = newSuper(kernel, 'bpf', mkdev(0, 30));
  const inode = newDirectory(kernel, sb, 1);
  inode.set('i_op', inodeOps(kernel, 'bpf_dir_iops'));
  const root = newDentry(kernel, { name: '/', parent: null, sb, inode });
  sb.set('s_root', root.addr);
  newMount(kernel, {
    id: 40,
    sb,
    root,
    at: { mount: at.mnt, dentry: at.dentry },
    ns: at.mnt.deref('mnt_ns'),
    device: 'bpf',
  });
}

// -- pins --------------------------------------------------------------------------------------------------

/** What a name keeps alive, or null when it is no pin. */
function pinned(sys: Sys, dentry: View): PinObject | null {
  const inode = dentry.deref('d_inode');
  const object = inode?.ptr('i_private') ?? 0n;
  const kind = (Object.keys(INODES) as PinObject['kind'][]).find(
    (k) => inode?.ptr('i_op') === inodeOps(sys.kernel, INODES[k].iops),
  );
  return kind && object !== 0n ? (sys.fds.find(kind, object) as PinObject) : null;
}

/**
 * BPF_OBJ_PIN
 *
 * @returns 0; -EINVAL for flags or an fd that is no map, program or link; -ENOENT, -EEXIST; -EPERM outside
 *   bpffs and for names with a dot
 * @kernel bpf_obj_do_pin, kernel/bpf/inode.c
 * @fidelity full: probes.test.ts
 */
export function objPin(sys: Sys, fd: number, path: string, flags = 0): NegErrno {
  const { fds } = sys;
  if ((flags & ~BPF_F_PATH_FD) !== 0) return fail('EINVAL');
  const file = fds.file(fd);
  const behind = file && fds.behind(file);
  if (!behind || behind.kind === 'btf' || behind.kind === 'iter') return fail('EINVAL');
  const inode = makeNode(sys, path, { mode: S_IFREG | 0o600, nlink: 1, ...INODES[behind.kind] });
  if (typeof inode === 'number') return inode;
  inode.set('i_private', behind.object.addr);
  fds.hold(behind);
  return 0;
}

/**
 * A new name below a directory of bpffs, and its inode, which is of who makes it.
 *
 * @returns the inode; -ENOENT, -EEXIST; -EPERM outside bpffs and for names with a dot
 * @kernel bpf_lookup, bpf_get_inode, kernel/bpf/inode.c
 * @fidelity full: probes.test.ts
 */
function makeNode(
  sys: Sys,
  path: string,
  { iops, ...spec }: Pick<InodeSpec, 'mode' | 'nlink' | 'fops'> & { readonly iops: string },
): View | NegErrno {
  const { kernel, fds } = sys;
  const names = namesOf(path);
  const name = names.pop();
  const parent = walkPath(sys, names);
  if (!parent) return fail('ENOENT');
  if (name === undefined || findChild(kernel, parent.dentry, name)) return fail('EEXIST');
  if (fsName(kernel, parent.dentry) !== 'bpf' || name.includes('.')) return fail('EPERM');
  const sb = kernel.view('super_block', parent.dentry.ptr('d_sb'));
  const cred = fds.task.deref('cred');
  const inode = newInode(kernel, sb, {
    ...spec,
    ino: nextIno(kernel, sb),
    size: 0,
    uid: cred?.num('fsuid') ?? 0,
    gid: cred?.num('fsgid') ?? 0,
    rdev: 0,
  });
  inode.set('i_op', inodeOps(kernel, iops));
  newDentry(kernel, { name, parent: parent.dentry, sb, inode });
  return inode;
}

/** One more than any number of this filesystem. @kernel get_next_ino, fs/inode.c @fidelity partial: counted for each filesystem */
function nextIno(kernel: Kernel, sb: View): number {
  let most = 1;
  for (const node of listNodes(kernel.mem, sb.at('s_inodes')))
    most = Math.max(most, containerOf(kernel, node, 'inode', 'i_sb_list').num('i_ino'));
  return most + 1;
}

/**
 * BPF_OBJ_GET
 *
 * @returns an fd, -EINVAL for flags, -ENOENT, or -EACCES when the name is no pin
 * @kernel bpf_obj_get_user, kernel/bpf/inode.c
 * @fidelity partial: file modes are not checked
 */
export function objGet(sys: Sys, path: string, flags = 0): number {
  if ((flags & ~(BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_PATH_FD)) !== 0) return fail('EINVAL');
  const access = fileAccess(flags);
  if (access < 0) return access;
  const place = walkPath(sys, namesOf(path));
  if (!place) return fail('ENOENT');
  const object = pinned(sys, place.dentry);
  if (!object) return fail('EACCES');
  if (object.kind === 'map') return sys.fds.openHeld(object, { access });
  if (object.kind === 'prog') return sys.fds.openHeld(object);
  return access === O_RDWR ? sys.fds.openHeld(object, { name: 'bpf-link' }) : fail('EINVAL');
}

/**
 * open(2) of a name: the pin of an iterator link becomes a new session, which keeps the link alive.
 *
 * @param flags O_*
 * @returns an fd, -ENOENT, -EIO for a program's pin, -EINVAL for files that have no content here, or what the
 *   target's init says
 * @kernel bpf_iter_open, bpffs_obj_open, kernel/bpf
 * @fidelity partial: only pins of iterator links can be opened
 */
export function open(sys: Sys, path: string, flags: number): number {
  const { kernel, fds } = sys;
  const place = walkPath(sys, namesOf(path));
  if (!place) return fail('ENOENT');
  const behind = pinned(sys, place.dentry);
  if (behind?.kind === 'prog') return fail('EIO');
  const inode = place.dentry.deref('d_inode');
  if (behind?.kind !== 'link' || !inode) return fail('EINVAL');
  const access = flags & O_ACCMODE;
  const file = newFile(kernel, {
    mnt: place.mnt.at('mnt'),
    dentry: place.dentry.addr,
    inode,
    fops: INODES.link.fops,
    flags: flags & ~O_CLOEXEC,
    mode: FMODE_OPENED | (access + 1),
    pos: 0n,
    cred: fds.task.ptr('cred'),
    privateData: 0n,
  });
  const session = openSession(sys, behind.object, file);
  if (typeof session === 'number') {
    closeFile(kernel, file);
    return session;
  }
  fds.hold(behind);
  fds.openedFrom(session, behind.object);
  const fd = openFd(kernel, fds.task, file, (flags & O_CLOEXEC) !== 0);
  if (fd < 0) closeFile(kernel, file);
  return fd;
}

/**
 * unlink(2) of a pin.
 *
 * @returns 0, -ENOENT, or -EPERM for what is no pin
 * @kernel simple_unlink, fs/libfs.c; bpf_free_inode, kernel/bpf/inode.c
 * @fidelity full: probes.test.ts
 */
export function unlink(sys: Sys, path: string): NegErrno {
  const place = walkPath(sys, namesOf(path));
  if (!place) return fail('ENOENT');
  const behind = pinned(sys, place.dentry);
  const inode = place.dentry.deref('d_inode');
  if (!behind || !inode) return fail('EPERM');
  inode.set('i_nlink', 0);
  inode.set('i_private', 0n);
  unlinkDentry(sys.kernel, place.dentry);
  sys.fds.drop(behind);
  return 0;
}

/** A directory has a link more for each directory in it. @kernel inc_nlink, drop_nlink, fs/inode.c @fidelity full: app/shell.test.ts */
function addLinks(directory: View | null, by: number): void {
  directory?.set('i_nlink', directory.num('i_nlink') + by);
}

/**
 * mkdir(2) in bpffs.
 *
 * @returns 0, -ENOENT, -EEXIST, or -EPERM outside bpffs and for names with a dot
 * @kernel bpf_mkdir, kernel/bpf/inode.c
 * @fidelity full: app/shell.test.ts
 */
export function makeDirectory(sys: Sys, path: string, mode: number): NegErrno {
  const parent = walkPath(sys, namesOf(path).slice(0, -1));
  const inode = makeNode(sys, path, { mode: S_IFDIR | mode, nlink: 2, fops: '', iops: 'bpf_dir_iops' });
  if (typeof inode === 'number') return inode;
  addLinks(parent?.dentry.deref('d_inode') ?? null, 1);
  return 0;
}

/**
 * rmdir(2) in bpffs.
 *
 * @returns 0, -ENOENT, -ENOTDIR, or -ENOTEMPTY
 * @kernel simple_rmdir, fs/libfs.c
 * @fidelity full: app/shell.test.ts
 */
export function removeDirectory(sys: Sys, path: string): NegErrno {
  const { kernel } = sys;
  const place = walkPath(sys, namesOf(path));
  const inode = place?.dentry.deref('d_inode');
  if (!place || !inode) return fail('ENOENT');
  if ((inode.num('i_mode') & S_IFDIR) === 0) return fail('ENOTDIR');
  for (const child of dentryChildren(kernel, place.dentry))
    if (!isUnlinked(kernel, child)) return fail('ENOTEMPTY');
  inode.set('i_nlink', 0);
  addLinks(place.dentry.deref('d_parent')?.deref('d_inode') ?? null, -1);
  unlinkDentry(kernel, place.dentry);
  return 0;
}
