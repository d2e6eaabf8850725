/**
 * What lines the texts of a snapshot may have: a line that /proc would never write is refused by its path and
 * number, before anything is read into it.
 *
 *     .processes[3].maps: line 12 is none of /proc/PID/maps
 */
import { keyValues, MAPS_LINE } from './proc_text.ts';
import type { Snapshot } from './recorded_snapshot.ts';
import { WorldError } from './world.ts';

const inetTable = (address: string): RegExp =>
  new RegExp(
    `^ *\\d+: ${address}:[0-9A-F]{4} ${address}:[0-9A-F]{4} [0-9A-F]{2} [0-9A-F]{8}:[0-9A-F]{8} [0-9A-F]{2}:[0-9A-F]+ [0-9A-F]{8} +\\d+ +\\d+ \\d+`,
  );
const V4 = '[0-9A-F]{8}';
const V6 = '[0-9A-F]{32}';
/** Tables of /proc/net below their heading; those without a row here are not read. */
const NET: Readonly<Record<string, RegExp>> = {
  tcp: inetTable(V4),
  tcp6: inetTable(V6),
  udp: inetTable(V4),
  udp6: inetTable(V6),
  unix: /^[0-9a-fA-F]+: [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{4} [0-9A-F]{2} +\d+( |$)/,
  netlink: /^[0-9a-fA-F]+ +\d+ +-?\d+ +[0-9a-f]{8} /,
};
const ROUTE = /^[0-9a-f]{32} [0-9a-f]{2} [0-9a-f]{32} [0-9a-f]{2} [0-9a-f]{32}( [0-9a-f]{8}){4} +\S+$/;
const MOUNT = /^\d+ \d+ \d+:\d+ \S+ \S+ .*- \S+ \S*/;
/** The name may hold any byte, so the last parenthesis counts. */
const STAT = /^\d+ \([^]*\) [A-Za-z]( -?\d+)*\s*$/;

const SIGNALS = /^[0-9a-f]{1,16}$/;
const FOUR_IDS = /^\d+\s+\d+\s+\d+\s+\d+$/;
/** Values of /proc/PID/status that are read as numbers. */
const STATUS: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(
    ['SigBlk', 'SigPnd', 'ShdPnd', 'SigIgn', 'SigCgt'].map((key) => [key, SIGNALS] as const),
  ),
  ...Object.fromEntries(
    ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((key) => [key, SIGNALS] as const),
  ),
  Uid: FOUR_IDS,
  Gid: FOUR_IDS,
  Groups: /^[\d\s]*$/,
};

function checkLines(text: string, line: RegExp, path: string, what: string, headings = 0): void {
  text.split('\n').forEach((row, i) => {
    if (i >= headings && row.trim() !== '' && !line.test(row))
      throw new WorldError(path, `line ${i + 1} is none of ${what}`);
  });
}

function checkStatus(text: string, path: string): void {
  const values = keyValues(text);
  for (const [key, shape] of Object.entries(STATUS)) {
    const value = values.get(key);
    if (value !== undefined && !shape.test(value))
      throw new WorldError(path, `${key} is '${value.slice(0, 40)}', which /proc/PID/status never says`);
  }
}

/** @throws WorldError for a line that no /proc has */
export function checkTexts({ mounts, net, processes }: Snapshot): void {
  checkLines(mounts, MOUNT, '.mounts', '/proc/PID/mountinfo');
  for (const [table, line] of Object.entries(NET))
    checkLines(net[table] ?? '', line, `.net.${table}`, `/proc/net/${table}`, 1);
  checkLines(net['ipv6_route'] ?? '', ROUTE, '.net.ipv6_route', '/proc/net/ipv6_route');
  processes.forEach(({ maps, threads }, i) => {
    checkLines(maps, MAPS_LINE, `.processes[${i}].maps`, '/proc/PID/maps');
    threads.forEach(({ stat, status }, j) => {
      const at = `.processes[${i}].threads[${j}]`;
      if (!STAT.test(stat)) throw new WorldError(`${at}.stat`, 'is no line of /proc/PID/stat');
      checkStatus(status, `${at}.status`);
    });
  });
}
