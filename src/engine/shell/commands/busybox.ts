/** busybox: the same programs as a small system has them, where they look different. */
import { strerror } from '../../libbpf/messages.ts';
import type { Run } from '../run.ts';
import { withArguments } from './cat.ts';
import { busyboxLs } from './list.ts';
import type { Main } from './program.ts';

const COPY_BUFFER = 65_536;

const cat: Main = function* (p): Run<number> {
  let status = 0;
  for (const path of p.argv.length > 1 ? p.argv.slice(1) : ['-']) {
    const fd = path === '-' ? 0 : p.open(path);
    if (fd < 0) {
      yield* p.complain(`cat: can't open '${path}': ${strerror(fd)}`);
      status = 1;
      continue;
    }
    for (;;) {
      const { ret, bytes } = yield* p.read(fd, COPY_BUFFER);
      if (ret < 0) {
        yield* p.complain(`cat: read error: ${strerror(ret)}`);
        status = 1;
      }
      if (ret <= 0) break;
      yield* p.writeAll(1, bytes);
    }
    if (fd > 0) p.close(fd);
  }
  return status;
};

/** By name: each also lies in a directory of its own, as links to busybox do. */
export const APPLETS: Readonly<Record<string, Main>> = { cat, ls: busyboxLs };

export const busybox: Main = function* (p) {
  const [name, ...args] = p.argv.slice(1);
  const applet = APPLETS[name ?? ''];
  if (applet) return yield* applet(withArguments(p, [name ?? '', ...args]));
  if (name === undefined)
    yield* p.print(`Currently defined functions:\n\t${Object.keys(APPLETS).join(', ')}\n`);
  else yield* p.complain(`${name}: applet not found`);
  return name === undefined ? 0 : 127;
};
