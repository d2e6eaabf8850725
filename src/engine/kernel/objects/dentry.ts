/**
 * dentry and mount: names, the tree they form, and the trees hung into each other.
 *
 *     dentry.d_parent -> dentry         dentry.d_children -> child.d_sib -> child.d_sib
 *     mount.mnt_parent, mnt_mountpoint  where a mount hangs; mount.mnt_mounts <-> mnt_child
 *
 * A name that was unlinked while open keeps its dentry but leaves the hash: that is what " (deleted)" reads.
 *
 * Source: fs/dcache.c, fs/namespace.c, fs/mount.h.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import {
  containerOf,
  hlistAddHead,
  hlistDel,
  hlistNodes,
  hlistUnhashed,
  listAddHead,
  listAddTail,
  listDel,
  listInit,
  listNodes,
} from '../list.ts';
import type { View } from '../view.ts';
import { iput, superTypeName } from './inode.ts';
import { getRef, putRef } from './refs.ts';

/** A place: a name within a mount. */
export interface Path {
  readonly mnt: View;
  readonly dentry: View;
}

/** Filesystems that live in memory alone: a name in them holds on to itself until it is unlinked. */
const IN_MEMORY: ReadonlySet<string> = new Set([
  'bpf',
  'debugfs',
  'devpts',
  'devtmpfs',
  'mqueue',
  'rootfs',
  'securityfs',
  'tmpfs',
  'tracefs',
]);

const isInMemory = (kernel: Kernel, sb: View): boolean => IN_MEMORY.has(superTypeName(kernel, sb));

/** The name is in a filesystem that lives in memory alone, and so holds on to itself while it is linked. */
export const livesInMemory = (kernel: Kernel, dentry: View): boolean =>
  isInMemory(kernel, kernel.view('super_block', dentry.ptr('d_sb')));

export interface DentrySpec {
  readonly name: string;
  /** Null for roots and for names outside every directory. */
  readonly parent: View | null;
  readonly sb: View;
  readonly inode: View | null;
  /** Symbol of its dentry_operations. */
  readonly ops?: string;
  /** The name was removed already, while somebody had it open. */
  readonly unlinked?: boolean;
}

/** References that a name begins with: its filesystem's, if it is the root or lives in memory alone. */
function firstRefs(kernel: Kernel, sb: View, parent: View | null): number {
  if (!parent) return sb.ptr('s_root') === 0n ? 1 : 0;
  return isInMemory(kernel, sb) ? 1 : 0;
}

/**
 * A name that nobody holds yet. Its directory is held by it.
 *
 * @kernel d_alloc, fs/dcache.c
 * @fidelity partial: one hash bucket for all names, no name hash, no lockless lookup state
 */
export function newDentry(kernel: Kernel, spec: DentrySpec): View {
  const dentry = kernel.alloc('dentry');
  const { mem } = kernel;
  if (dentry.has('d_subdirs')) listInit(mem, dentry.at('d_subdirs'));
  const inline = dentry.type.tryField('d_iname');
  if (inline && spec.name.length < inline.size) dentry.setStr('d_iname', spec.name);
  const name = inline && spec.name.length < inline.size ? dentry.at('d_iname') : kernel.allocText(spec.name);
  dentry.set('d_name.name', name);
  dentry.set('d_name.len', spec.name.length);
  dentry.set('d_sb', spec.sb.addr);
  dentry.set('d_parent', spec.parent?.addr ?? dentry.addr);
  dentry.set('d_lockref.count', spec.unlinked === true ? 0 : firstRefs(kernel, spec.sb, spec.parent));
  if (spec.ops !== undefined) dentry.set('d_op', kernel.object(spec.ops, 'dentry_operations').addr);
  if (spec.parent) {
    addToDirectory(dentry, spec.parent);
    if (spec.unlinked !== true) hlistAddHead(mem, dentry.at('d_hash'), hashBucket(kernel));
    dget(spec.parent);
  }
  if (spec.inode) instantiate(kernel, dentry, spec.inode);
  return dentry;
}

/** Names of a directory are an hlist since 6.8; before, a list whose head is d_subdirs. */
function addToDirectory(dentry: View, dir: View): void {
  if (dir.has('d_children')) return hlistAddHead(dir.mem, dentry.at('d_sib'), dir.at('d_children'));
  listAddHead(dir.mem, dentry.at('d_child'), dir.at('d_subdirs'));
}
const removeFromDirectory = (dentry: View): void =>
  dentry.has('d_sib') ? hlistDel(dentry.mem, dentry.at('d_sib')) : listDel(dentry.mem, dentry.at('d_child'));

const hashBucket = (kernel: Kernel): Addr => kernel.object('the dentry hash bucket', 'hlist_head').addr;

/** Ties a name to an inode, which it holds from now on. @kernel d_instantiate, fs/dcache.c @fidelity full: task.test.ts */
export function instantiate(kernel: Kernel, dentry: View, inode: View): void {
  dentry.set('d_inode', inode.addr);
  hlistAddHead(kernel.mem, dentry.at('d_u.d_alias'), inode.at('i_dentry'));
  getRef(inode, 'i_count');
}

export const dentryName = (kernel: Kernel, dentry: View): string =>
  kernel.mem.text(dentry.ptr('d_name.name'), dentry.num('d_name.len') + 1).slice(0, dentry.num('d_name.len'));

export const isRoot = (dentry: View): boolean => dentry.ptr('d_parent') === dentry.addr;

/** True for a name that was removed while somebody holds it. @kernel d_unlinked, include/linux/dcache.h @fidelity full: task.test.ts */
export const isUnlinked = (kernel: Kernel, dentry: View): boolean =>
  hlistUnhashed(kernel.mem, dentry.at('d_hash')) && !isRoot(dentry);

/** @kernel dget, include/linux/dcache.h @fidelity full: task.test.ts */
export const dget = (dentry: View): View => getRef(dentry, 'd_lockref.count');

/**
 * Takes a name out of its directory, for lookups. Who holds it keeps it; when nobody does, it is gone.
 *
 * @kernel d_delete, fs/dcache.c
 * @fidelity full: vfs.test.ts
 */
export function unlinkDentry(kernel: Kernel, dentry: View): void {
  hlistDel(kernel.mem, dentry.at('d_hash'));
  if (livesInMemory(kernel, dentry)) dput(kernel, dentry);
  else if (dentry.num('d_lockref.count') === 0) killDentry(kernel, dentry);
}

/**
 * Lets go of a name. One outside every directory (of a pipe, an anonymous file) or unlinked goes with its last
 * user; names in the tree stay known.
 *
 * @kernel dput, fs/dcache.c
 * @fidelity partial: names that nobody uses are never forgotten for want of memory
 */
export function dput(kernel: Kernel, dentry: View): void {
  if (!putRef(dentry, 'd_lockref.count')) return;
  if (isRoot(dentry) || isUnlinked(kernel, dentry)) killDentry(kernel, dentry);
}

/** @kernel __dentry_kill, fs/dcache.c @fidelity full: task.test.ts */
function killDentry(kernel: Kernel, dentry: View): void {
  const inode = dentry.deref('d_inode');
  const parent = isRoot(dentry) ? null : dentry.deref('d_parent');
  hlistDel(kernel.mem, dentry.at('d_u.d_alias'));
  if (parent) removeFromDirectory(dentry);
  const name = dentry.ptr('d_name.name');
  if (kernel.mem.isAllocated(name)) kernel.mem.release(name);
  kernel.mem.release(dentry.addr);
  if (inode) iput(kernel, inode);
  if (parent) dput(kernel, parent);
}

/** Names below a directory, newest first, unlinked ones included. */
export function* dentryChildren(kernel: Kernel, dir: View): Generator<View> {
  if (dir.has('d_children')) {
    for (const node of hlistNodes(kernel.mem, dir.at('d_children')))
      yield containerOf(kernel, node, 'dentry', 'd_sib');
    return;
  }
  for (const node of listNodes(kernel.mem, dir.at('d_subdirs')))
    yield containerOf(kernel, node, 'dentry', 'd_child');
}

/** @kernel d_lookup, fs/dcache.c @fidelity full: task.test.ts */
export function findChild(kernel: Kernel, dir: View, name: string): View | null {
  for (const child of dentryChildren(kernel, dir))
    if (
      child.num('d_name.len') === name.length &&
      dentryName(kernel, child) === name &&
      !isUnlinked(kernel, child)
    )
      return child;
  return null;
}

export interface MountSpec {
  readonly id: number;
  readonly sb: View;
  readonly root: View;
  /** Where it hangs; null for the root of a namespace and for the kernel's internal mounts. */
  readonly at: { readonly mount: View; readonly dentry: View } | null;
  readonly ns: View | null;
  readonly device: string;
}

/** @kernel vfs_create_mount, fs/namespace.c @fidelity partial: no propagation, no mount namespaces' rb tree */
export function newMount(kernel: Kernel, spec: MountSpec): View {
  const { mem } = kernel;
  const mount = kernel.alloc('mount');
  for (const head of ['mnt_mounts', 'mnt_child', 'mnt_instance', 'mnt_list'])
    if (mount.has(head)) listInit(mem, mount.at(head));
  mount.set('mnt.mnt_root', dget(spec.root).addr);
  mount.set('mnt.mnt_sb', spec.sb.addr);
  mount.set('mnt_id', spec.id);
  mount.trySet('mnt_id_unique', spec.id);
  mount.set('mnt_devname', kernel.allocText(spec.device));
  mount.set('mnt_parent', spec.at?.mount.addr ?? mount.addr);
  mount.set('mnt_mountpoint', spec.at?.dentry.addr ?? spec.root.addr);
  mount.set('mnt_ns', spec.ns?.addr ?? 0n);
  if (spec.at) {
    dget(spec.at.dentry);
    listAddTail(mem, mount.at('mnt_child'), spec.at.mount.at('mnt_mounts'));
  }
  if (!spec.at) spec.ns?.set('root', mount.addr);
  spec.ns?.trySet('nr_mounts', spec.ns.num('nr_mounts') + 1);
  listAddTail(mem, mount.at('mnt_instance'), spec.sb.at('s_mounts'));
  return mount;
}

/** The mount that a path's vfsmount is part of. @kernel real_mount, fs/mount.h @fidelity full: task.test.ts */
export const realMount = (kernel: Kernel, vfsmount: Addr): View =>
  kernel.view('mount', vfsmount - BigInt(kernel.types.struct('mount').field('mnt').offset));

/** Mounts directly below this one, in the order they were made. */
export function* childMounts(kernel: Kernel, mount: View): Generator<View> {
  for (const node of listNodes(kernel.mem, mount.at('mnt_mounts')))
    yield containerOf(kernel, node, 'mount', 'mnt_child');
}

/** Goes up into whatever is mounted on this place. @kernel __follow_mount, fs/namei.c @fidelity full: task.test.ts */
export function followMounts(kernel: Kernel, path: Path): Path {
  for (const child of childMounts(kernel, path.mnt))
    if (child.ptr('mnt_mountpoint') === path.dentry.addr)
      return followMounts(kernel, { mnt: child, dentry: kernel.view('dentry', child.ptr('mnt.mnt_root')) });
  return path;
}

/** Stores a place into a `struct path` member. */
export function setPath(object: View, member: string, path: Path): void {
  object.set(`${member}.mnt`, path.mnt.at('mnt'));
  object.set(`${member}.dentry`, path.dentry.addr);
}
