/** How objects are named on the command line: by id, by pin, by name, by tag; and which pins there are. */
import type { NegErrno } from '../../../shared/errno.ts';
import { fail } from '../../../shared/errno.ts';
import { strerror } from '../../libbpf/messages.ts';
import type { FdKind } from '../../sys/fds.ts';
import type { IdKind, MapInfoData, ProgInfoData } from '../../sys/obj_info.ts';
import { isDirectory } from '../fs/node.ts';
import { BPFFS } from '../fs/bpf_fs.ts';
import type { Run } from '../run.ts';
import { ENOENT } from './tool.ts';
import type { Tool } from './tool.ts';

export type ObjectKind = 'map' | 'prog' | 'link';

/** An fd of a pin that must be of this kind. */
function* openPinned(tool: Tool, kind: ObjectKind, path: string): Run<number> {
  const place = tool.process.walk(path);
  const absolute = typeof place === 'number' ? path : place.path;
  const fd = typeof place === 'number' ? place : tool.syscall.objGet(absolute);
  if (fd < 0) {
    const outside = fd === fail('EACCES') && !absolute.startsWith(BPFFS);
    return yield* tool.give(
      `bpf obj get (${path}): ${outside ? 'directory not in bpf file system (bpffs)' : strerror(fd)}`,
    );
  }
  const file = tool.sys.fds.file(fd);
  const found = file ? tool.sys.fds.behind(file)?.kind : undefined;
  if (found === kind) return fd;
  return yield* tool.give(`incorrect object type: ${found ?? 'unknown'}`);
}

/** Every fd of objects of a kind for which `test` holds. */
function* search(
  tool: Tool,
  kind: 'map' | 'prog',
  test: (info: MapInfoData | ProgInfoData) => boolean,
): Run<number[]> {
  const found: number[] = [];
  for (const id of ids(tool, kind)) {
    const fd = tool.syscall.getFdById(kind, id);
    const info = fd < 0 ? fd : tool.syscall.objInfo(fd);
    if (typeof info !== 'number' && info.kind === kind && test(info)) found.push(fd);
    else if (fd >= 0) tool.syscall.close(fd);
  }
  if (found.length === 0)
    yield* tool.give(kind === 'map' ? `can't get next map: ${strerror(ENOENT)}` : strerror(ENOENT));
  return found;
}

/** Ids of all objects of a kind, smallest first. */
export function ids(tool: Tool, kind: IdKind): number[] {
  const all: number[] = [];
  for (let id = tool.syscall.getNextId(kind, 0); id > 0; id = tool.syscall.getNextId(kind, id)) all.push(id);
  return all;
}

const EXPECTED: Readonly<Record<ObjectKind, string>> = {
  map: "'id', 'name' or 'pinned'",
  prog: "'id', 'tag', 'name' or 'pinned'",
  link: "'id' or 'pinned'",
};
const GET_BY_ID: Readonly<Record<ObjectKind, (id: number, errno: NegErrno) => string>> = {
  map: (id, errno) => `get map by id (${id}): ${strerror(errno)}`,
  prog: (id, errno) => `get by id (${id}): ${strerror(errno)}`,
  link: (id, errno) => `failed to get link with ID ${id}: ${strerror(errno)}`,
};

/** fds of the objects that the next two words name: several can have one name or tag. */
export function* parseHandles(tool: Tool, kind: ObjectKind): Run<number[]> {
  if (tool.left === 0) return yield* tool.give(`expected ${EXPECTED[kind]}, got: '(null)'?`);
  if (tool.accept('id')) {
    const id = yield* tool.number('ID');
    const fd = tool.syscall.getFdById(kind, id);
    if (fd < 0) yield* tool.give(GET_BY_ID[kind](id, fd));
    return [fd];
  }
  if (kind === 'prog' && tool.accept('tag')) {
    const tag = tool.take();
    if (!/^[0-9a-f]{16}$/.test(tag)) yield* tool.give("can't parse tag");
    return yield* search(tool, kind, (info) => info.kind === 'prog' && info.tag === tag);
  }
  if (kind !== 'link' && tool.accept('name')) {
    const name = tool.take();
    if (name.length > 15) yield* tool.give("can't parse name");
    return yield* search(tool, kind, (info) => info.name === name);
  }
  if (tool.accept('pinned')) return [yield* openPinned(tool, kind, tool.take())];
  return yield* tool.give(`expected ${EXPECTED[kind]}, got: '${tool.next}'?`);
}

/** The one object that is named. */
export function* parseHandle(tool: Tool, kind: ObjectKind): Run<number> {
  const [fd = -1, ...more] = yield* parseHandles(tool, kind);
  if (more.length === 0) return fd;
  return yield* tool.give(`several ${kind === 'map' ? 'maps' : 'programs'} match this handle`);
}

/** Paths of pins by id, for -f. */
export function pinnedPaths(tool: Tool, kind: ObjectKind): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  if (!tool.options.pins) return found;
  const visit = (path: string): void => {
    const names = tool.process.readdir(path);
    for (const name of typeof names === 'number' ? [] : names) {
      const each = `${path}/${name}`;
      const node = tool.process.stat(each);
      if (typeof node === 'number') continue;
      if (isDirectory(node)) {
        visit(each);
        continue;
      }
      const fd = tool.syscall.objGet(each);
      const file = fd < 0 ? null : tool.sys.fds.file(fd);
      const behind = file && tool.sys.fds.behind(file);
      const id = behind?.kind === (kind as FdKind) && 'id' in behind.object ? behind.object.id : 0;
      if (id > 0) found.set(id, [...(found.get(id) ?? []), each]);
      if (fd >= 0) tool.syscall.close(fd);
    }
  };
  visit(BPFFS);
  return found;
}

/**
 * What bpftool does before it pins: the directory must be there and bpffs.
 *
 * @returns the absolute path
 */
export function* pinPath(tool: Tool, path: string): Run<string> {
  const place = tool.process.walk(path);
  const gone = typeof place === 'number';
  const cut = path.lastIndexOf('/');
  const dir = cut < 0 ? '.' : cut === 0 ? '/' : path.slice(0, cut);
  if (gone) return yield* tool.give(`can't pin BPF object: dir '${dir}' doesn't exist`);
  if (place.node) return yield* tool.give(`can't pin BPF object: path '${path}' already exists`);
  if (place.fs.type === 'bpf') return place.path;
  return yield* tool.give(
    `can't mount BPF file system to pin the object (${path}): mount --bind ${dir} ${dir} failed: ${strerror(fail('EPERM'))}`,
  );
}

/** `link pin` and its like: an object and a path. */
export function* pinObject(tool: Tool, kind: ObjectKind): Run<number> {
  if (tool.left < 3) return yield* tool.give('too few arguments, id ID and FILE path is required');
  const fd = yield* parseHandle(tool, kind);
  const given = tool.take();
  if (tool.left > 0) return yield* tool.give('too many arguments');
  const err = tool.syscall.objPin(fd, yield* pinPath(tool, given));
  if (err < 0) yield* tool.give(`can't pin the object (${given}): ${strerror(err)}`);
  if (tool.options.json) tool.value(null);
  return 0;
}
