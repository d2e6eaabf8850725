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
  listAddTail,
  listInit,
  listNodes,
} from '../list.ts';
import type { View } from '../view.ts';
import { putRef } from './refs.ts';

/** A place: a name within a mount. */
export interface Path {
  readonly mnt: View;
  readonly dentry: View;
}

/** @kernel d_alloc, fs/dcache.c @fidelity partial: one hash bucket for all names, no name hash, no lockless lookup state */
export function newDentry(
  kernel: Kernel,
  spec: { name: string; parent: View | null; sb: View; inode: View | null; ops?: string },
): View {
  const dentry = kernel.alloc('dentry');
  const { mem } = kernel;
  const inline = dentry.type.tryField('d_iname');
  if (inline && spec.name.length < inline.size) dentry.setStr('d_iname', spec.name);
  const name = inline && spec.name.length < inline.size ? dentry.at('d_iname') : kernel.allocText(spec.name);
  dentry.set('d_name.name', name);
  dentry.set('d_name.len', spec.name.length);
  dentry.set('d_sb', spec.sb.addr);
  dentry.set('d_parent', spec.parent?.addr ?? dentry.addr);
  dentry.set('d_lockref.count', 1);
  if (spec.ops !== undefined) dentry.set('d_op', kernel.object(spec.ops, 'dentry_operations').addr);
  if (spec.parent) {
    hlistAddHead(mem, dentry.at('d_sib'), spec.parent.at('d_children'));
    hlistAddHead(mem, dentry.at('d_hash'), hashBucket(kernel));
    spec.parent.set('d_lockref.count', spec.parent.num('d_lockref.count') + 1);
  }
  if (spec.inode) instantiate(kernel, dentry, spec.inode);
  return dentry;
}

const hashBucket = (kernel: Kernel): Addr => kernel.object('the dentry hash bucket', 'hlist_head').addr;

/** Ties a name to an inode. @kernel d_instantiate, fs/dcache.c @fidelity full */
export function instantiate(kernel: Kernel, dentry: View, inode: View): void {
  dentry.set('d_inode', inode.addr);
  hlistAddHead(kernel.mem, dentry.at('d_u.d_alias'), inode.at('i_dentry'));
}

export const dentryName = (kernel: Kernel, dentry: View): string =>
  kernel.mem.text(dentry.ptr('d_name.name'), dentry.num('d_name.len') + 1).slice(0, dentry.num('d_name.len'));

export const isRoot = (dentry: View): boolean => dentry.ptr('d_parent') === dentry.addr;

/** True for a name that was removed while somebody holds it. @kernel d_unlinked, include/linux/dcache.h @fidelity full */
export const isUnlinked = (kernel: Kernel, dentry: View): boolean =>
  hlistUnhashed(kernel.mem, dentry.at('d_hash')) && !isRoot(dentry);

/** Takes a name out of the directory, for lookups; who holds it keeps it. @kernel d_drop, fs/dcache.c @fidelity full */
export const unlinkDentry = (kernel: Kernel, dentry: View): void => hlistDel(kernel.mem, dentry.at('d_hash'));

/**
 * Lets go of a name. One outside every directory (of a pipe, an anonymous file) goes with its last user;
 * names in the tree stay known.
 *
 * @kernel dput, fs/dcache.c
 * @fidelity partial: inodes stay
 */
export function dput(kernel: Kernel, dentry: View): void {
  putRef(dentry, 'd_lockref.count');
  const pseudo = isRoot(dentry) && dentry.deref('d_sb')?.ptr('s_root') !== dentry.addr;
  if (!pseudo || dentry.num('d_lockref.count') !== 1) return;
  hlistDel(kernel.mem, dentry.at('d_u.d_alias'));
  const name = dentry.ptr('d_name.name');
  if (kernel.mem.isAllocated(name)) kernel.mem.release(name);
  kernel.mem.release(dentry.addr);
}

/** Names below a directory, newest first, unlinked ones included. */
export function* dentryChildren(kernel: Kernel, dir: View): Generator<View> {
  for (const node of hlistNodes(kernel.mem, dir.at('d_children')))
    yield containerOf(kernel, node, 'dentry', 'd_sib');
}

/** @kernel d_lookup, fs/dcache.c @fidelity full */
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
  mount.set('mnt.mnt_root', spec.root.addr);
  mount.set('mnt.mnt_sb', spec.sb.addr);
  mount.set('mnt_id', spec.id);
  mount.trySet('mnt_id_unique', spec.id);
  mount.set('mnt_devname', kernel.allocText(spec.device));
  mount.set('mnt_parent', spec.at?.mount.addr ?? mount.addr);
  mount.set('mnt_mountpoint', spec.at?.dentry.addr ?? spec.root.addr);
  mount.set('mnt_ns', spec.ns?.addr ?? 0n);
  if (spec.at) listAddTail(mem, mount.at('mnt_child'), spec.at.mount.at('mnt_mounts'));
  else spec.ns?.set('root', mount.addr);
  spec.ns?.trySet('nr_mounts', spec.ns.num('nr_mounts') + 1);
  listAddTail(mem, mount.at('mnt_instance'), spec.sb.at('s_mounts'));
  return mount;
}

/** The mount that a path's vfsmount is part of. @kernel real_mount, fs/mount.h @fidelity full */
export const realMount = (kernel: Kernel, vfsmount: Addr): View =>
  kernel.view('mount', vfsmount - BigInt(kernel.types.struct('mount').field('mnt').offset));

/** Mounts directly below this one, in the order they were made. */
export function* childMounts(kernel: Kernel, mount: View): Generator<View> {
  for (const node of listNodes(kernel.mem, mount.at('mnt_mounts')))
    yield containerOf(kernel, node, 'mount', 'mnt_child');
}

/** The first mount of a filesystem, or null. */
export function mountOf(kernel: Kernel, sb: View): View | null {
  for (const node of listNodes(kernel.mem, sb.at('s_mounts')))
    return containerOf(kernel, node, 'mount', 'mnt_instance');
  return null;
}

/** Goes up into whatever is mounted on this place. @kernel __follow_mount, fs/namei.c @fidelity full */
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
