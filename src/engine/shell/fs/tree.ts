/**
 * All filesystems as one tree: paths are walked name by name, through mounts and symbolic links.
 */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { must } from '../../../shared/assert.ts';
import { isDirectory, isLink } from './node.ts';
import type { FileSystem, Node } from './node.ts';

const MAX_LINKS = 40;

/** A place that a path leads to; `node` is null when only its directory exists. */
export interface Place {
  readonly fs: FileSystem;
  /** Inside the filesystem. */
  readonly inner: string;
  /** Absolute, without `.`, `..` and links. */
  readonly path: string;
  readonly node: Node | null;
}

export class FileTree {
  /** By mount point, '' is the root. */
  private readonly mounts = new Map<string, FileSystem>();

  mount(at: string, fs: FileSystem): void {
    this.mounts.set(at === '/' ? '' : at, fs);
  }

  /** The filesystem of an absolute path, and the path in it. */
  private locate(path: string): { fs: FileSystem; inner: string } {
    for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
      const fs = this.mounts.get(at);
      if (fs) return { fs, inner: path.slice(at.length + 1) };
      must(at === '' ? null : at, 'a root filesystem');
    }
  }

  private at(path: string): Place {
    const { fs, inner } = this.locate(path);
    return { fs, inner, path: path === '' ? '/' : path, node: fs.node(inner) };
  }

  /**
   * Walks a path.
   *
   * @param cwd absolute; where a relative path starts
   * @param follow false: a link at the end stays one
   * @returns -ENOENT or -ENOTDIR when a directory on the way is missing or none, -ELOOP
   */
  walk(path: string, cwd: string, follow = true): Place | NegErrno {
    if (path === '') return fail('ENOENT');
    const todo = path.split('/');
    let at = path.startsWith('/') ? '' : cwd === '/' ? '' : cwd;
    let links = 0;
    let place = this.at(at);
    while (todo.length > 0) {
      const name = todo.shift() ?? '';
      const rest = todo.some((each) => each !== '' && each !== '.');
      if (name === '' || name === '.') {
        if (place.node && !isDirectory(place.node)) return fail('ENOTDIR');
        if (!place.node) return fail('ENOENT');
        continue;
      }
      if (!place.node) return fail('ENOENT');
      if (!isDirectory(place.node)) return fail('ENOTDIR');
      at = name === '..' ? at.slice(0, Math.max(0, at.lastIndexOf('/'))) : `${at}/${name}`;
      place = this.at(at);
      if (!place.node || !isLink(place.node) || (!rest && !follow && todo.length === 0)) continue;
      if (++links > MAX_LINKS) return fail('ELOOP');
      const target = place.node.target ?? '';
      // Links of /proc/PID/fd lead to objects, not to names.
      if (!target.startsWith('/') && place.node.open && !rest) continue;
      todo.unshift(...target.split('/'));
      at = target.startsWith('/') ? '' : at.slice(0, at.lastIndexOf('/'));
      place = this.at(at);
    }
    return place;
  }

  /** Names in a directory, with the mount points in it. */
  names({ fs, inner, path }: Place): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    const mounted = [...this.mounts.keys()]
      .filter((at) => at.startsWith(prefix) && !at.slice(prefix.length).includes('/'))
      .map((at) => at.slice(prefix.length));
    return [...new Set([...fs.names(inner), ...mounted.filter((name) => name !== '')])];
  }

  isMountPoint(path: string): boolean {
    return this.mounts.has(path === '/' ? '' : path);
  }
}
