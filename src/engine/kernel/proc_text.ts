/**
 * Reads the text of /proc: stat, status, maps, mountinfo, net. Only what a world wants to know.
 *
 * Source: fs/proc/array.c, fs/proc/task_mmu.c, fs/proc_namespace.c.
 */
import type { WorldMount, WorldVma } from './world_schema.ts';

/** /proc/PID/stat, numbered as in proc_pid_stat(5): field 1 is the pid. The name may hold any byte. */
export class Stat {
  private readonly fields: readonly string[];

  constructor(text: string) {
    this.fields = text
      .slice(text.lastIndexOf(')') + 2)
      .trim()
      .split(' ');
  }
  /** @param field 3 or above */
  text(field: number): string {
    return this.fields[field - 3] ?? '0';
  }
  num(field: number): number {
    return Number(this.text(field));
  }
  hex(field: number): string {
    return `0x${BigInt(this.text(field)).toString(16)}`;
  }
}

/** `Key:\tvalue` lines, as in status and fdinfo. */
export function keyValues(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) pairs.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return pairs;
}

/** The numbers of a value such as `0\t0\t0\t0`. */
export const numbers = (value: string | undefined): number[] =>
  (value ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number);

export const MAPS_LINE =
  /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+)(?:\s+(.*))?$/;

/** Leading zeros gone: `00:02` is `0:2`. */
const hexDevice = (major: string, minor: string): string =>
  `${parseInt(major, 16).toString(16)}:${parseInt(minor, 16).toString(16)}`;

/** VMAs of /proc/PID/maps, with the VmFlags of smaps beside them. */
export function parseMaps(maps: string, vmFlags: readonly string[]): WorldVma[] {
  const out: WorldVma[] = [];
  for (const line of maps.split('\n')) {
    const match = MAPS_LINE.exec(line);
    // The gate area of vsyscall is in no address space.
    if (!match || line.endsWith('[vsyscall]')) continue;
    const [, start = '', end = '', perms = '', offset = '', major = '0', minor = '0', ino = '0', name = ''] =
      match;
    const flags = vmFlags[out.length];
    out.push({
      start: `0x${start}`,
      end: `0x${end}`,
      perms,
      offset: `0x${offset}`,
      name: name.replaceAll('\\012', '\n'),
      ...(flags === undefined ? {} : { flags }),
      ...(ino === '0' ? {} : { ino: Number(ino), dev: hexDevice(major, minor) }),
    });
  }
  return out;
}

/** Mounts of /proc/PID/mountinfo. A filesystem mounted over another comes after it. */
export function parseMountinfo(text: string): WorldMount[] {
  return text
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const [id = '0', , dev = '0:0', , path = '/'] = left.split(' ');
      const [fstype = '', device = ''] = right.split(' ');
      const [major = '0', minor = '0'] = dev.split(':');
      return {
        id: Number(id),
        path,
        fstype,
        dev: `${Number(major).toString(16)}:${Number(minor).toString(16)}`,
        device,
      };
    });
}

/** Which column of which /proc/net file names a socket's inode, and what its protocol is called. */
const NET_TABLES: readonly (readonly [file: string, inodeColumn: number, protocol: string])[] = [
  ['tcp', 9, 'TCP'],
  ['tcp6', 9, 'TCPv6'],
  ['udp', 9, 'UDP'],
  ['udp6', 9, 'UDPv6'],
  ['udplite', 9, 'UDP-Lite'],
  ['raw', 9, 'RAW'],
  ['raw6', 9, 'RAWv6'],
  ['netlink', 9, 'NETLINK'],
  ['packet', 8, 'PACKET'],
  ['unix', 6, 'UNIX'],
];
const UNIX_TYPE_COLUMN = 4;
const SOCK_STREAM = 1;

/** Protocol names of sockets by inode number, from the tables of one network namespace. */
export function socketProtocols(net: Readonly<Record<string, string>>): ReadonlyMap<number, string> {
  const protocols = new Map<number, string>();
  for (const [file, column, protocol] of NET_TABLES)
    for (const line of (net[file] ?? '').split('\n').slice(1)) {
      const words = line.trim().split(/\s+/);
      const ino = Number(words[column] ?? 0);
      const stream = file === 'unix' && parseInt(words[UNIX_TYPE_COLUMN] ?? '0', 16) === SOCK_STREAM;
      if (ino > 0) protocols.set(ino, stream ? 'UNIX-STREAM' : protocol);
    }
  return protocols;
}
