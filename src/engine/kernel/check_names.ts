/**
 * Proves that names and inodes are held by as many as there are: files, working directories, bound sockets,
 * mounts and names below.
 */
import type { Addr } from '../../shared/brand.ts';
import { checkHlist, checkList } from './check_lists.ts';
import type { Report } from './check_lists.ts';
import type { Kernel } from './kernel.ts';
import { containerOf, hlistNodes, listNodes } from './list.ts';
import { dentryChildren, dentryName, isRoot, isUnlinked, livesInMemory } from './objects/dentry.ts';
import { supers } from './objects/inode.ts';
import { marksOn } from './objects/inotify.ts';
import type { View } from './view.ts';

/** Who holds names beside mounts and other names. */
export interface NameHolders {
  readonly files: Iterable<View>;
  readonly fs: Iterable<View>;
  readonly unixSockets: Iterable<View>;
}

class Counts {
  private readonly byDentry = new Map<Addr, number>();

  add(dentry: Addr): void {
    if (dentry !== 0n) this.byDentry.set(dentry, (this.byDentry.get(dentry) ?? 0) + 1);
  }
  of(dentry: Addr): number {
    return this.byDentry.get(dentry) ?? 0;
  }
}

/** @param exact false while a walk holds files that are in no table */
export function checkNames(kernel: Kernel, holders: NameHolders, exact: boolean, check: Report): void {
  const counts = new Counts();
  for (const file of holders.files) counts.add(file.ptr('f_path.dentry'));
  for (const fs of holders.fs) for (const place of ['root', 'pwd']) counts.add(fs.ptr(`${place}.dentry`));
  for (const unix of holders.unixSockets) counts.add(unix.ptr('path.dentry'));
  const filesystems = [...supers(kernel)];
  for (const sb of filesystems) {
    counts.add(sb.ptr('s_root'));
    checkList(kernel.mem, sb.at('s_mounts'), 'mounts of a super_block', check);
    for (const node of listNodes(kernel.mem, sb.at('s_mounts'))) {
      const mount = containerOf(kernel, node, 'mount', 'mnt_instance');
      check(mount.ptr('mnt.mnt_sb') === sb.addr, () => 'mount: listed by another super_block');
      counts.add(mount.ptr('mnt.mnt_root'));
      if (mount.ptr('mnt_parent') !== mount.addr) counts.add(mount.ptr('mnt_mountpoint'));
    }
  }
  for (const sb of filesystems) inodesOf(kernel, sb, counts, exact, check);
}

function inodesOf(kernel: Kernel, sb: View, counts: Counts, exact: boolean, check: Report): void {
  const { mem } = kernel;
  const anonymous = kernel.hasObject('anon_inode_inode') ? mem.u64(kernel.pointer('anon_inode_inode')) : 0n;
  checkList(mem, sb.at('s_inodes'), 'inodes of a super_block', check);
  for (const node of listNodes(mem, sb.at('s_inodes'))) {
    const inode = containerOf(kernel, node, 'inode', 'i_sb_list');
    const number = (): string => `inode ${inode.num('i_ino')}`;
    check(inode.ptr('i_sb') === sb.addr, () => `${number()} is listed by another super_block`);
    checkHlist(mem, inode.at('i_dentry'), 'names of an inode', check);
    let names = inode.addr === anonymous ? 1 : 0;
    for (const alias of hlistNodes(mem, inode.at('i_dentry'))) {
      names++;
      nameOf(kernel, containerOf(kernel, alias, 'dentry', 'd_u.d_alias'), inode, counts, exact, check);
    }
    const held = names + marksOn(kernel, inode);
    check(inode.num('i_count') === held, () => `${number()}: i_count is not ${held}`);
  }
}

function nameOf(
  kernel: Kernel,
  dentry: View,
  inode: View,
  counts: Counts,
  exact: boolean,
  check: Report,
): void {
  const text = dentryName(kernel, dentry);
  const name = (): string => `name '${text}'`;
  check(dentry.ptr('d_inode') === inode.addr, () => `${name()}: d_inode does not point back`);
  check(text.length === dentry.num('d_name.len'), () => `${name()}: wrong length`);
  if (dentry.has('d_children'))
    checkHlist(kernel.mem, dentry.at('d_children'), 'names of a directory', check);
  else checkList(kernel.mem, dentry.at('d_subdirs'), 'names of a directory', check);
  const below = [...dentryChildren(kernel, dentry)].length;
  const itself = !isRoot(dentry) && !isUnlinked(kernel, dentry) && livesInMemory(kernel, dentry) ? 1 : 0;
  const want = counts.of(dentry.addr) + below + itself;
  const count = dentry.num('d_lockref.count');
  check(
    exact ? count === want : count >= want,
    () => `${name()}: d_lockref.count is ${count}, but ${want} hold it`,
  );
  const parent = dentry.deref('d_parent');
  if (!parent || isRoot(dentry)) return;
  const siblings = [...dentryChildren(kernel, parent)];
  check(
    siblings.some(({ addr }) => addr === dentry.addr),
    () => `${name()} is missing in its directory`,
  );
}
