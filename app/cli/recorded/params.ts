/** The words of a recorded run: `tid=@worker-2 chunk=4096 prog=dump` and what they resolved to. */
import type { AttachParams, RunOptions } from '../../../src/protocol/scenario.ts';
import type { RecordedRun } from './truth.ts';

export interface RunParams {
  readonly options: RunOptions;
  /** iter_info_len as passed to the system call, when it is not what the union has. */
  readonly infoLength: number | null;
  /** A cgroup order that has no name. */
  readonly rawOrder: number | null;
  /** A map that is named by an fd number which is no map. */
  readonly rawMapFd: number | null;
}

const ORDERS: Readonly<Record<string, number>> = { unspec: 0, self: 1, pre: 2, post: 3, up: 4, children: 5 };

export function parseRunParams(run: RecordedRun): RunParams {
  const words = run.params.split(/\s+/).map((word): [string, string] => {
    const at = word.indexOf('=');
    return [word.slice(0, at), word.slice(at + 1)];
  });
  const get = (name: string): string | undefined => words.find(([key]) => key === name)?.[1];
  const num = (name: string): number | undefined => {
    const text = get(name);
    return text === undefined ? undefined : Number(text);
  };
  const order = get('order');
  const cgid = get('cgid');
  const map = get('map');
  const attach: Record<string, unknown> = {
    tid: get('tid') === undefined ? undefined : run.tid,
    pid: get('pid') === undefined ? undefined : run.pid,
    pidfd: get('pidfd') === undefined ? undefined : run.pidfd_of,
    rawPidfd: num('rawpidfd'),
    map: map === undefined || /^\d+$/.test(map) ? undefined : map,
    cgroup: get('cgroup'),
    cgroupId: cgid === undefined ? undefined : /^\d+$/.test(cgid) ? cgid : String(run.cgroup_id ?? 0),
    order:
      order === undefined || !['self', 'pre', 'post', 'up', 'children'].includes(order) ? undefined : order,
  };
  const known = Object.fromEntries(Object.entries(attach).filter(([, value]) => value !== undefined));
  const readSize = num('chunk');
  const maxReads = num('maxreads');
  const sessions = num('iters');
  const fill = words
    .filter(([key]) => key === 'fill')
    .map(([, text]): [string, number] => {
      const [name = '', count = '0'] = text.split(':');
      return [name, Number(count)];
    });
  return {
    options: {
      prog: run.prog,
      ...(Object.keys(known).length > 0 ? { attach: known as AttachParams } : {}),
      ...(readSize === undefined ? {} : { readSize }),
      ...(maxReads === undefined ? {} : { maxReads }),
      ...(sessions === undefined ? {} : { sessions }),
      ...(fill.length > 0 ? { fill } : {}),
      ...(run.self === undefined ? {} : { reader: run.self }),
    },
    infoLength: num('lilen') ?? null,
    rawOrder: order === undefined || 'order' in known ? null : (ORDERS[order] ?? Number(order)),
    rawMapFd: map !== undefined && /^\d+$/.test(map) ? Number(map) : null,
  };
}
