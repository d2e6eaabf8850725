/**
 * Finds or makes the places a world names: mounts, directories, files.
 *
 * Paths are walked as open(2) would, name by name and up into mounts; what is missing is made. A path that
 * ends in ` (deleted)` becomes a name that was unlinked after it was opened.
 */
import { must } from '../../shared/assert.ts';
import { S_IF } from './file_kinds.ts';
import type { Kernel } from './kernel.ts';
import { containerOf, hlistNodes } from './list.ts';
import {
  dentryChildren,
  dentryName,
  findChild,
  followMounts,
  isUnlinked,
  newDentry,
  newMount,
  unlinkDentry,
} from './objects/dentry.ts';
import type { Path } from './objects/dentry.ts';
import { findInode, mkdev, newInode, newSuper, superTypeName, supers } from './objects/inode.ts';
import type { InodeSpec } from './objects/inode.ts';
import { initialNamespace } from './objects/namespace.ts';
import type { View } from './view.ts';
import type { WorldMount } from './world_schema.ts';

/** Inode numbers for files whose number the world does not tell. */
const FIRST_MADE_UP_INO = 0x10_0000;
const DELETED = ' (deleted)';

/** `0:1a` as in /proc/PID/maps. */
export function parseDev(text: string): number {
  const [maj = '0', min = '0'] = text.split(':');
  return mkdev(parseInt(maj, 16), parseInt(min, 16));
}

/** What is known of an inode; the rest is made up. */
export type InodeFacts = Partial<Omit<InodeSpec, 'mode'>> & { readonly mode: number };

export class Places {
  private readonly kernel: Kernel;
  private madeUp = FIRST_MADE_UP_INO;
  readonly root: Path;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    const mnt = must(initialNamespace(kernel, 'mnt').deref('root'), 'the root mount');
    this.root = { mnt, dentry: kernel.view('dentry', mnt.ptr('mnt.mnt_root')) };
  }

  /** Hangs a filesystem into the tree. Mounts with the same device number are of one filesystem. */
  mount(spec: WorldMount): void {
    const { kernel } = this;
    const at = this.walk(spec.path, { mode: S_IF.DIR | 0o755 }, false);
    const dev = parseDev(spec.dev);
    const known = [...supers(kernel)].find(
      (sb) => sb.num('s_dev') === dev && superTypeName(kernel, sb) === spec.fstype,
    );
    const sb = known ?? this.newFilesystem(spec.fstype, dev);
    newMount(kernel, {
      id: spec.id,
      sb,
      root: must(sb.deref('s_root'), 's_root'),
      at: { mount: at.mnt, dentry: at.dentry },
      ns: initialNamespace(kernel, 'mnt'),
      device: spec.device,
    });
  }

  private newFilesystem(fstype: string, dev: number): View {
    const sb = newSuper(this.kernel, fstype, dev);
    const inode = this.inode(sb, { mode: S_IF.DIR | 0o755, ino: 1, nlink: 2 });
    sb.set('s_root', newDentry(this.kernel, { name: '/', parent: null, sb, inode }).addr);
    return sb;
  }

  /** Type of the filesystem that a path lies on. */
  fstypeOf(path: string): string {
    let at = this.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const child = findChild(this.kernel, at.dentry, name);
      if (!child) break;
      at = followMounts(this.kernel, { mnt: at.mnt, dentry: child });
    }
    return superTypeName(this.kernel, must(at.dentry.deref('d_sb'), 'd_sb'));
  }

  /**
   * The place a path names, made if need be, with what is known of its inode put into it.
   *
   * @param dev filesystem it is on, where known: a file may have been opened before its directory was
   *   mounted over
   */
  find(path: string, facts: InodeFacts, dev: number | null = null): Path {
    if (!path.endsWith(DELETED)) return this.walk(path, facts, true, dev);
    const name = path.slice(0, -DELETED.length);
    const slash = name.lastIndexOf('/');
    const dir = this.walk(name.slice(0, slash), { mode: S_IF.DIR | 0o755 }, true, dev);
    return this.unlinked(dir, name.slice(slash + 1), facts);
  }

  private unlinked(dir: Path, name: string, facts: InodeFacts): Path {
    const { kernel } = this;
    for (const dentry of dentryChildren(kernel, dir.dentry))
      if (
        isUnlinked(kernel, dentry) &&
        dentryName(kernel, dentry) === name &&
        dentry.deref('d_inode')?.num('i_ino') === facts.ino
      )
        return { mnt: dir.mnt, dentry };
    const sb = must(dir.dentry.deref('d_sb'), 'd_sb');
    const dentry = newDentry(kernel, {
      name,
      parent: dir.dentry,
      sb,
      inode: this.inode(sb, { nlink: 0, ...facts }),
    });
    unlinkDentry(kernel, dentry);
    return { mnt: dir.mnt, dentry };
  }

  /** @param enter false: stop below what is mounted on the last name */
  private walk(path: string, facts: InodeFacts, enter: boolean, dev: number | null = null): Path {
    const { kernel } = this;
    const names = path.split('/').filter((part) => part !== '');
    const follow = (place: Path): Path =>
      place.dentry.deref('d_sb')?.num('s_dev') === dev ? place : followMounts(kernel, place);
    let at = follow(this.root);
    names.forEach((name, i) => {
      const last = i === names.length - 1;
      const sb = must(at.dentry.deref('d_sb'), 'd_sb');
      const known = findChild(kernel, at.dentry, name);
      const dentry =
        known ??
        newDentry(kernel, {
          name,
          parent: at.dentry,
          sb,
          inode: this.inode(sb, last ? facts : { mode: S_IF.DIR | 0o755, nlink: 2 }),
        });
      at = last && !enter ? { mnt: at.mnt, dentry } : follow({ mnt: at.mnt, dentry });
    });
    if (enter) this.describe(must(at.dentry.deref('d_inode'), 'd_inode'), facts);
    return at;
  }

  /** An inode with these facts; one with the same number on the same filesystem is the same. */
  inode(sb: View, facts: InodeFacts, at?: View): View {
    const known = facts.ino === undefined || at ? null : findInode(this.kernel, sb, facts.ino);
    if (known) return known;
    return newInode(
      this.kernel,
      sb,
      { nlink: 1, size: 0, uid: 0, gid: 0, rdev: 0, fops: '', ...facts, ino: facts.ino ?? this.madeUp++ },
      at,
    );
  }

  private describe(inode: View, facts: InodeFacts): void {
    const { ino, nlink, size, uid, gid, rdev, mode } = facts;
    for (const [name, value] of Object.entries({ ino, nlink, size, uid, gid, rdev }))
      if (value !== undefined) inode.set(`i_${name}`, value);
    if (ino !== undefined) inode.set('i_mode', mode);
  }

  /** The name an inode is known by, or null. */
  aliasOf(inode: View): View | null {
    for (const node of hlistNodes(this.kernel.mem, inode.at('i_dentry')))
      return containerOf(this.kernel, node, 'dentry', 'd_u.d_alias');
    return null;
  }
}
