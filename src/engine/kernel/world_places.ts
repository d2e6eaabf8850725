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
} from './objects/dentry.ts';
import type { Path } from './objects/dentry.ts';
import { findInode, mkdev, newInode, newSuper, superTypeName, supers } from './objects/inode.ts';
import type { InodeSpec } from './objects/inode.ts';
import { initialNamespace } from './objects/namespace.ts';
import type { View } from './view.ts';
import { InodeIndex } from './world_inodes.ts';
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

/** Where the facts of an inode are kept. */
const INODE_FIELDS = [
  ['ino', 'i_ino'],
  ['nlink', 'i_nlink'],
  ['size', 'i_size'],
  ['uid', 'i_uid'],
  ['gid', 'i_gid'],
  ['rdev', 'i_rdev'],
] as const;

export class Places {
  private readonly kernel: Kernel;
  private madeUp = FIRST_MADE_UP_INO;
  private readonly inodes: InodeIndex;
  private building = true;
  /** Where paths led, by device and path, and on what filesystem they lie: good until the next mount. */
  private readonly walked = new Map<string, Path>();
  private readonly fstypes = new Map<string, string>();
  readonly root: Path;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.inodes = new InodeIndex(kernel);
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
    this.forget();
  }

  /** The world is built. From now on others change it too, so nothing that was found is kept. */
  settle(): void {
    this.building = false;
    this.forget();
  }

  private forget(): void {
    this.walked.clear();
    this.fstypes.clear();
  }

  private newFilesystem(fstype: string, dev: number): View {
    const sb = newSuper(this.kernel, fstype, dev);
    const inode = this.inode(sb, { mode: S_IF.DIR | 0o755, ino: 1, nlink: 2 });
    sb.set('s_root', newDentry(this.kernel, { name: '/', parent: null, sb, inode }).addr);
    return sb;
  }

  /** Type of the filesystem that a path lies on. */
  fstypeOf(path: string): string {
    const fstype = this.fstypes.get(path) ?? this.walkForType(path);
    if (this.building) this.fstypes.set(path, fstype);
    return fstype;
  }

  private walkForType(path: string): string {
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
      unlinked: true,
    });
    return { mnt: dir.mnt, dentry };
  }

  /** @param enter false: stop below what is mounted on the last name */
  private walk(path: string, facts: InodeFacts, enter: boolean, dev: number | null = null): Path {
    const key = `${dev} ${path}`;
    const known = enter ? this.walked.get(key) : undefined;
    const place = known ?? this.step(path, facts, enter, dev);
    if (!enter) return place;
    if (this.building) this.walked.set(key, place);
    this.describe(must(place.dentry.deref('d_inode'), 'd_inode'), facts);
    return place;
  }

  /** The directory that is `path`, made if need be. */
  private directory(path: string, dev: number | null): Path {
    const key = `${dev} ${path}`;
    const place = this.walked.get(key) ?? this.step(path, { mode: S_IF.DIR | 0o755, nlink: 2 }, true, dev);
    if (this.building) this.walked.set(key, place);
    return place;
  }

  /** The last name of a path, in the directory before it. */
  private step(path: string, facts: InodeFacts, enter: boolean, dev: number | null): Path {
    const { kernel } = this;
    const follow = (place: Path): Path =>
      place.dentry.deref('d_sb')?.num('s_dev') === dev ? place : followMounts(kernel, place);
    const names = path.split('/').filter((part) => part !== '');
    const name = names.pop();
    if (name === undefined) return follow(this.root);
    const { mnt, dentry: parent } = this.directory(names.join('/'), dev);
    const sb = must(parent.deref('d_sb'), 'd_sb');
    const dentry =
      findChild(kernel, parent, name) ??
      newDentry(kernel, { name, parent, sb, inode: this.inode(sb, facts) });
    return enter ? follow({ mnt, dentry }) : { mnt, dentry };
  }

  /** The inode with this number on a filesystem, or null. */
  findInode(sb: View, ino: number): View | null {
    return this.building ? this.inodes.find(sb, ino) : findInode(this.kernel, sb, ino);
  }

  /** An inode with these facts; one with the same number on the same filesystem is the same. */
  inode(sb: View, facts: InodeFacts, at?: View): View {
    const known = facts.ino === undefined || at ? null : this.findInode(sb, facts.ino);
    if (known) return known;
    return newInode(
      this.kernel,
      sb,
      { nlink: 1, size: 0, uid: 0, gid: 0, rdev: 0, fops: '', ...facts, ino: facts.ino ?? this.madeUp++ },
      at,
    );
  }

  private describe(inode: View, facts: InodeFacts): void {
    for (const [fact, field] of INODE_FIELDS) {
      const value = facts[fact];
      if (value !== undefined) inode.set(field, value);
    }
    if (facts.ino === undefined) return;
    inode.set('i_mode', facts.mode);
    this.inodes.renumbered(inode);
  }

  /** The name an inode is known by, or null. */
  aliasOf(inode: View): View | null {
    for (const node of hlistNodes(this.kernel.mem, inode.at('i_dentry')))
      return containerOf(this.kernel, node, 'dentry', 'd_u.d_alias');
    return null;
  }
}
