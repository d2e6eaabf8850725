/**
 * Where we accept that a recorded case comes out otherwise, and why. A deviation names one field of one
 * text: the rest of every line is compared. One that no longer appears fails the test: the list only gets
 * shorter.
 */
import type { Mask } from './compare.ts';

export interface Deviation extends Mask {
  /** The recorded case. */
  readonly name: string;
  readonly reason: string;
  /** Only in runs with these parameters; all when left out. */
  readonly runs?: RegExp;
  /** Only with this object; both when left out. */
  readonly object?: 'ours' | 'clang';
  /** Only in this layout; both when left out. */
  readonly layout?: 'recorded' | 'own';
}

const SNAPSHOT = 'the snapshot of /proc does not tell it';
const READER_MAPS = `${SNAPSHOT}: the memory of the reading process, which was started after it`;
const SEED = 'order within a hash table follows a seed drawn at boot';
/** Numbers of objects go with their order. */
const NUMBER = /^\d+ /;

export const DEVIATIONS: readonly Deviation[] = [
  { name: 'tcp_list', what: 'output', field: /mss=\d+/, reason: `${SNAPSHOT}: mss of a socket` },
  {
    name: 'tcp_list',
    what: 'output',
    field: /(?<=backlog=\d+)\/\d+/,
    reason: `${SNAPSHOT}: the longest backlog of a socket`,
  },
  { name: 'tcp_list', what: 'output', field: NUMBER, unordered: true, reason: SEED },
  {
    name: 'weak_kfunc_tested',
    object: 'clang',
    layout: 'recorded',
    what: 'link fdinfo',
    field: /^prog_tag:.*$/,
    reason:
      'recorded with libbpf 1.1, which left the call of an absent weak kfunc alone; later ones poison it',
  },
  {
    name: 'elem_hash',
    runs: /map=(h|lru) /,
    what: 'output',
    field: NUMBER,
    unordered: true,
    reason: SEED,
  },
  {
    name: 'prog_list',
    what: 'output',
    field: /jited=\d+/,
    reason: 'nothing is compiled to machine code here',
  },
  {
    name: 'prog_list',
    object: 'ours',
    what: 'output',
    field: /len=\d+/,
    reason: 'another compiler needs another number of instructions',
  },
  {
    name: 'task_fields',
    what: 'output',
    field: /(start|boot)=\d+/,
    reason: `${SNAPSHOT}: start times to the nanosecond; it has ticks of 10 ms`,
  },
  {
    name: 'task_fields',
    what: 'output',
    field: /ni?vcsw=\d+/,
    reason: 'counters went on between snapshot and run',
  },
  {
    name: 'task_fields',
    what: 'output',
    field: /(?<=^tid=(176|200) .*)next_fd=\d+/,
    reason: `${SNAPSHOT}: whether a forked task has opened a file since, before which next_fd is 0`,
  },
  {
    name: 'task_fields',
    what: 'output',
    field: /(?<=^tid=199 .*)(total_vm|map_count|brk)=\w+/,
    reason: READER_MAPS,
  },
  {
    name: 'task_file_paths',
    what: 'output',
    field: /name=\w*(?= op=socket_file_ops)/,
    reason: `${SNAPSHOT}: the protocol of sockets that are in no table of /proc/net`,
  },
  {
    name: 'task_vma_all',
    what: 'output',
    field: /(?<=^tid=199 .*)map_count=\d+|^vmas=.*$/,
    reason: READER_MAPS,
  },
  { name: 'task_vma_all', what: 'variables', field: /^(vmas|pages) = \d+$/, reason: READER_MAPS },
];

/** The deviations of one case. */
export const deviationsOf = (
  name: string,
  object: 'ours' | 'clang',
  layout: 'recorded' | 'own',
): readonly Deviation[] =>
  DEVIATIONS.filter(
    (deviation) =>
      deviation.name === name &&
      (deviation.object ?? object) === object &&
      (deviation.layout ?? layout) === layout,
  );
