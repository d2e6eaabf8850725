/**
 * What /proc/PID/fdinfo tells of files that are nothing but a kernel object with an fd.
 *
 * Source: the show_fdinfo functions of fs/eventfd.c, fs/timerfd.c, fs/signalfd.c, fs/eventpoll.c,
 * fs/notify/fdinfo.c and drivers/tty/tty_io.c.
 */
import { keyValues } from './proc_text.ts';
import type { FdText } from './recorded_snapshot.ts';
import type { WorldFile } from './world_schema.ts';

type State = Partial<Pick<WorldFile, 'eventfd' | 'timerfd' | 'signalfd' | 'epoll' | 'inotify' | 'pts'>>;

const NS = 1_000_000_000;
const ID = /^\d+$/;

function eventfd(info: ReadonlyMap<string, string>): State {
  const count = info.get('eventfd-count');
  const id = info.get('eventfd-id') ?? '';
  if (count === undefined) return {};
  return {
    eventfd: {
      count: `0x${count}`,
      ...(ID.test(id) ? { id: Number(id) } : {}),
      semaphore: info.get('eventfd-semaphore') === '1',
    },
  };
}

/** `(seconds, nanoseconds)` */
function nanoseconds(text: string | undefined): number {
  const [, seconds = '0', rest = '0'] = /^\((\d+), (\d+)\)$/.exec(text ?? '') ?? [];
  return Number(seconds) * NS + Number(rest);
}

function timerfd(info: ReadonlyMap<string, string>): State {
  const clock = Number(info.get('clockid') ?? 1);
  return {
    timerfd: {
      clock: clock >= 0 && clock <= 11 ? clock : 1,
      ticks: Number(info.get('ticks') ?? 0),
      value: nanoseconds(info.get('it_value')),
      interval: nanoseconds(info.get('it_interval')),
    },
  };
}

/** Only what was watched under a number that the table still has for the same inode. */
function epoll(text: string, table: readonly FdText[]): State {
  const rows = text.matchAll(
    /^tfd:\s*(\d+) events:\s*([0-9a-f]+) data:\s*([0-9a-f]+)(?:.* ino:([0-9a-f]+))?/gm,
  );
  const watches = Array.from(rows, ([, fd, events = '0', data = '0', ino]) => ({
    fd: Number(fd),
    events: parseInt(events, 16),
    data: `0x${data}`,
    ino: ino === undefined ? null : parseInt(ino, 16),
  }));
  return {
    epoll: watches
      .filter(({ fd, ino }) => table.some((each) => each.fd === fd && (ino === null || each.ino === ino)))
      .map(({ fd, events, data }) => ({ fd, events, data })),
  };
}

/** The path that an inode is known by; null: by none. */
export type PathOf = (ino: number, dev: string) => string | null;

/** @param pathOf is asked for inodes, which are all that is told */
function inotify(text: string, pathOf: PathOf): State {
  const rows = text.matchAll(/^inotify wd:([0-9a-f]+) ino:([0-9a-f]+) sdev:([0-9a-f]+) mask:([0-9a-f]+)/gm);
  const watches = Array.from(rows, ([, wd = '0', ino = '0', sdev = '0', mask = '0']) => {
    const dev = parseInt(sdev, 16);
    const path = pathOf(parseInt(ino, 16), `${(dev >>> 20).toString(16)}:${(dev & 0xfffff).toString(16)}`);
    return path === null ? null : { wd: parseInt(wd, 16), path, mask: parseInt(mask, 16) };
  });
  return { inotify: watches.filter((watch) => watch !== null) };
}

/** @param table the fds of the same process */
export function fileState(fd: FdText, table: readonly FdText[], pathOf: PathOf): State {
  const info = keyValues(fd.fdinfo);
  switch (fd.link) {
    case 'anon_inode:[eventfd]':
      return eventfd(info);
    case 'anon_inode:[timerfd]':
      return timerfd(info);
    case 'anon_inode:[signalfd]':
      return { signalfd: `0x${info.get('sigmask') ?? '0'}` };
    case 'anon_inode:[eventpoll]':
      return epoll(fd.fdinfo, table);
    case 'anon_inode:inotify':
      return inotify(fd.fdinfo, pathOf);
    case '/dev/ptmx':
    case '/dev/pts/ptmx': {
      const index = info.get('tty-index') ?? '';
      return ID.test(index) ? { pts: Number(index) } : {};
    }
    default:
      return {};
  }
}

/** The terminal of the last console= on the kernel's command line. */
export function consoleOf(cmdline: string): { console: string } | Record<string, never> {
  const name = Array.from(cmdline.matchAll(/\bconsole=(tty(?:S?\d{1,2}))\b/g), ([, tty = '']) => tty).at(-1);
  return name === undefined || name === 'tty0' ? {} : { console: name };
}
