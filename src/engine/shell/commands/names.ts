/** rm, mkdir, rmdir, touch, cp, mv: what changes names. Source: coreutils 9. */
import { strerror } from '../../libbpf/messages.ts';
import { isDirectory, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from '../fs/node.ts';
import type { Process } from '../process.ts';
import type { Run } from '../run.ts';
import { gnu, misuse } from './program.ts';
import type { Main } from './program.ts';

function* remove(p: Process, path: string, recursive: boolean, directories: boolean): Run<boolean> {
  const node = p.stat(path, false);
  let errno = typeof node === 'number' ? node : 0;
  if (typeof node !== 'number' && isDirectory(node)) {
    if (!recursive && !directories) {
      yield* p.complain(`${p.name}: cannot remove '${path}': Is a directory`);
      return false;
    }
    let ok = true;
    const names = recursive ? p.readdir(path) : [];
    for (const name of typeof names === 'number' ? [] : names)
      ok = (yield* remove(p, `${path}/${name}`, true, true)) && ok;
    if (!ok) return false;
    errno = p.rmdir(path);
  } else if (errno === 0) errno = p.unlink(path);
  if (errno < 0) yield* p.complain(`${p.name}: cannot remove '${path}': ${strerror(errno)}`);
  return errno === 0;
}

export const rm: Main = gnu(
  {
    letters: 'rRfdvi',
    words: { recursive: 'r', force: 'f', dir: 'd', verbose: 'v' },
    trouble: 1,
    usage: '[OPTION]... [FILE]...',
  },
  function* (p, options) {
    const force = options.has('f');
    if (options.operands.length === 0) return force ? 0 : yield* misuse(p, 'missing operand');
    let status = 0;
    for (const path of options.operands) {
      if (force && typeof p.stat(path, false) === 'number') continue;
      const ok = yield* remove(p, path, options.has('r') || options.has('R'), options.has('d'));
      if (!ok) status = 1;
      else if (options.has('v')) yield* p.print(`removed '${path}'\n`);
    }
    return status;
  },
);

export const mkdir: Main = gnu(
  {
    letters: 'pvm:',
    words: { parents: 'p', verbose: 'v', mode: 'm' },
    trouble: 1,
    usage: '[OPTION]... DIRECTORY...',
  },
  function* (p, options) {
    if (options.operands.length === 0) return yield* misuse(p, 'missing operand');
    const mode = options.value('m');
    if (mode !== null && !/^[0-7]{1,4}$/.test(mode)) {
      yield* p.complain(`${p.name}: invalid mode '${mode}'`);
      return 1;
    }
    let status = 0;
    for (const path of options.operands) {
      const above = options.has('p')
        ? path.split('/').map((_, i, all) => all.slice(0, i + 1).join('/'))
        : [path];
      for (const each of above.filter((one) => one !== '')) {
        const known = options.has('p') ? p.stat(each) : 0;
        if (typeof known !== 'number' && isDirectory(known)) continue;
        const err = p.mkdir(each, mode === null ? 0o777 : parseInt(mode, 8));
        if (err === 0) continue;
        yield* p.complain(`${p.name}: cannot create directory '${each}': ${strerror(err)}`);
        status = 1;
        break;
      }
    }
    return status;
  },
);

export const rmdir: Main = gnu(
  { letters: 'pv', words: { parents: 'p', verbose: 'v' }, trouble: 1, usage: '[OPTION]... DIRECTORY...' },
  function* (p, options) {
    if (options.operands.length === 0) return yield* misuse(p, 'missing operand');
    let status = 0;
    for (const path of options.operands) {
      const err = p.rmdir(path);
      if (err === 0) continue;
      yield* p.complain(`${p.name}: failed to remove '${path}': ${strerror(err)}`);
      status = 1;
    }
    return status;
  },
);

export const touch: Main = gnu(
  { letters: 'c', trouble: 1, usage: '[OPTION]... FILE...' },
  function* (p, options) {
    if (options.operands.length === 0) return yield* misuse(p, 'missing file operand');
    let status = 0;
    for (const path of options.operands) {
      const fd = p.open(path, O_WRONLY | O_CREAT | O_APPEND);
      if (fd >= 0) p.close(fd);
      else {
        yield* p.complain(`${p.name}: cannot touch '${path}': ${strerror(fd)}`);
        status = 1;
      }
    }
    return status;
  },
);

/** cp and mv of one file, or of several into a directory. */
const transfer = (move: boolean): Main =>
  gnu({ letters: 'rRfvap', trouble: 1, usage: '[OPTION]... SOURCE... DEST' }, function* (p, options) {
    const sources = options.operands.slice(0, -1);
    const target = options.operands.at(-1);
    if (target === undefined) return yield* misuse(p, 'missing file operand');
    if (sources.length === 0) return yield* misuse(p, `missing destination file operand after '${target}'`);
    const into = p.stat(target);
    const directory = typeof into !== 'number' && isDirectory(into);
    if (sources.length > 1 && !directory) return yield* misuse(p, `target '${target}': Not a directory`);
    let status = 0;
    for (const path of sources) {
      const node = p.stat(path);
      const name = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
      const to = directory ? `${target.replace(/\/$/, '')}/${name}` : target;
      if (typeof node === 'number') {
        yield* p.complain(`${p.name}: cannot stat '${path}': ${strerror(node)}`);
        status = 1;
      } else if (isDirectory(node)) {
        yield* p.complain(
          move
            ? `${p.name}: moving directories is not simulated here`
            : `${p.name}: -r not specified; omitting directory '${path}'`,
        );
        status = 1;
      } else if (!(yield* copyFile(p, path, to))) status = 1;
      else if (move) p.unlink(path);
    }
    return status;
  });

function* copyFile(p: Process, from: string, to: string): Run<boolean> {
  const bytes = yield* p.slurpBytes(from);
  if (typeof bytes === 'number') {
    yield* p.complain(`${p.name}: cannot open '${from}' for reading: ${strerror(bytes)}`);
    return false;
  }
  const fd = p.open(to, O_WRONLY | O_CREAT | O_TRUNC);
  const done = fd < 0 ? fd : yield* p.writeAll(fd, bytes);
  if (fd >= 0) p.close(fd);
  if (done < 0) yield* p.complain(`${p.name}: cannot create regular file '${to}': ${strerror(done)}`);
  return done >= 0;
}

export const cp: Main = transfer(false);
export const mv: Main = transfer(true);
