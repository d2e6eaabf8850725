/** What a real 6.12 kernel gave its readers, run by run, and what this one gives. */
import { describe, expect, test } from 'vitest';
import { encodeIterLinkInfo } from '../libbpf/attach.ts';
import { seqReadCode } from '../iter/pseudo_code.ts';
import { findPidNs, taskActivePidNs } from '../kernel/objects/pid.ts';
import { openPidfd } from '../vfs/pidfd.ts';
import { readFdinfo } from './fdinfo.ts';
import { machineOf, readCase, readFd } from '../testing/recorded_machine.ts';
import type { RecordedRun, TestMachine } from '../testing/recorded_machine.ts';
import { heldRows } from '../../protocol/trace_tables.ts';

/** Cases whose worlds say everything that their programs print. */
const CASES = [
  'task_all',
  'task_tid',
  'task_file_count',
  'task_file_doc',
  'task_ret1_once',
  'task_ret1_silent',
  'task_stop_ret1',
  'seq_big_record',
  'seq_many',
  'seq_meta',
  'seq_overflow_ret',
  'seq_write_raw',
  'cgroup_walk',
];

const ORDERS = ['unspec', 'self', 'pre', 'post', 'up'];

const paramsOf = (run: RecordedRun): ReadonlyMap<string, string> =>
  new Map(
    run.params
      .split(' ')
      .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );

/** `union bpf_iter_link_info` of a run, and the fd that was opened for it. */
function linkInfo({ kernel, sys, bpf }: TestMachine, run: RecordedRun) {
  const params = paramsOf(run);
  let pidFd = Number(params.get('rawpidfd') ?? 0);
  let opened: number | null = null;
  if (params.has('pidfd')) {
    const ns = taskActivePidNs(kernel, sys.fds.task);
    const pid = ns && findPidNs(kernel, run.pidfd_of ?? Number(params.get('pidfd')), ns);
    if (!pid) throw new Error(`no process for ${run.params}`);
    pidFd = opened = openPidfd(kernel, sys.fds.task, pid);
  }
  const length = params.get('lilen');
  if (length !== undefined) {
    const bytes = new Uint8Array(Math.max(Number(length), 1));
    if (bytes.length > 16) bytes[16] = 1;
    return { iterInfo: { bytes, length: Number(length) }, opened };
  }
  if (params.has('order') || params.has('cgroup') || params.has('cgid')) {
    const cgroup = params.get('cgroup');
    if (cgroup !== undefined) opened = bpf.openDirectory(cgroup);
    const order = params.get('order') ?? '0';
    const iterInfo = encodeIterLinkInfo({
      kind: 'cgroup',
      order: ORDERS.includes(order) ? ORDERS.indexOf(order) : Number(order),
      cgroupFd: opened ?? 0,
      cgroupId: params.has('cgid') ? BigInt(run.cgroup_id ?? params.get('cgid') ?? 0) : 0n,
    });
    return { iterInfo, opened };
  }
  const number = (name: 'tid' | 'pid'): number =>
    params.has(name) ? (run[name] ?? Number(params.get(name))) : 0;
  const task = { kind: 'task', tid: number('tid'), pid: number('pid'), pidFd } as const;
  const given = task.tid !== 0 || task.pid !== 0 || pidFd !== 0;
  return { iterInfo: given ? encodeIterLinkInfo(task) : null, opened };
}

/** Reads as the recorder did: on after EAGAIN; until two zeros, six equal failures, or `maxreads`. */
function readAll({ sys }: TestMachine, fd: number, params: ReadonlyMap<string, string>) {
  const size = Number(params.get('chunk') ?? 4096);
  const reads: { ret: number; errno: number; times: number }[] = [];
  let output = '';
  for (let left = Number(params.get('maxreads') ?? Infinity); left > 0; left--) {
    const { ret, text } = readFd(sys, fd, size);
    output += text;
    const last = reads.at(-1);
    if (last && (ret < 0 ? last.errno === -ret : last.errno === 0 && last.ret === ret)) last.times++;
    else reads.push({ ret: Math.max(ret, -1), errno: Math.max(-ret, 0), times: 1 });
    const times = reads.at(-1)?.times ?? 0;
    if ((ret === 0 && times >= 2) || (ret < 0 && times >= 6)) break;
  }
  return { reads, output };
}

/** Numbers that one machine cannot know of another. */
const withoutIds = (text = ''): string => text.replace(/^(link_id|prog_id|ino):\t\d+$/gm, '$1');

/** What a run leaves to compare. */
interface Outcome {
  /** fd of the link, or a negated errno. */
  readonly link: number;
  readonly linkFdinfo: string;
  readonly iterFdinfo: string;
  readonly reads: RecordedRun['reads'];
  readonly output: string;
}

const refused = (errno: number): Outcome => ({
  link: -errno,
  linkFdinfo: '',
  iterFdinfo: '',
  reads: [],
  output: '',
});

const recordedOutcome = (run: RecordedRun): Outcome =>
  run.link_create.fd < 0
    ? refused(run.link_create.errno)
    : {
        link: run.link_create.fd,
        linkFdinfo: withoutIds(run.link_fdinfo),
        iterFdinfo: withoutIds(run.iter_fdinfo),
        reads: run.reads,
        output: run.output ?? '',
      };

function outcome(machine: TestMachine, run: RecordedRun): Outcome {
  const { sys, bpf } = machine;
  const { iterInfo, opened } = linkInfo(machine, run);
  const link = bpf.linkCreate({ progFd: machine.progFd(run.prog), attachType: 28, iterInfo });
  const fd = link < 0 ? link : bpf.iterCreate(link);
  const result =
    fd < 0
      ? refused(-fd)
      : {
          link,
          linkFdinfo: withoutIds(readFdinfo(sys, link) ?? ''),
          iterFdinfo: withoutIds(readFdinfo(sys, fd) ?? ''),
          ...readAll(machine, fd, paramsOf(run)),
        };
  for (const open of [fd, link, opened ?? -1]) if (open >= 0) bpf.close(open);
  return result;
}

/** The first session's number, where a program printed it. */
function firstSession(runs: readonly RecordedRun[]): number {
  for (const { output = '' } of runs) {
    const found = /session=(\d+)|^(\d+)\/\d+ count/.exec(output);
    if (found) return Number(found[1] ?? found[2]);
  }
  return 1;
}

describe.each(CASES)('%s', (name) => {
  const { runs } = readCase(name);
  const machine = machineOf(name);
  machine.sys.iter.numberAfter(firstSession(runs) - 1);

  test.each(runs)('$params', (run) => {
    expect(outcome(machine, run)).toEqual(recordedOutcome(run));
  });

  test('every reference and lock that the walks took was given back', () => {
    const balance = new Map<string, number>();
    for (const session of machine.recorder.sessions)
      for (const { kind, object, delta } of heldRows(session.trace().held))
        balance.set(`${kind} ${object}`, (balance.get(`${kind} ${object}`) ?? 0) + delta);
    expect([...balance].filter(([, left]) => left !== 0)).toEqual([]);
  });

  test('every line the walks came by stands in the pseudo-code of their target', () => {
    for (const session of machine.recorder.sessions) {
      const code = [seqReadCode, ...(machine.sys.iter.find(session.target)?.code ?? [])];
      const known = new Set(code.flatMap(({ lines }) => lines.map(({ id }) => id)));
      const met = new Set(session.trace().lines.ids);
      expect([...met].filter((id) => !known.has(id))).toEqual([]);
    }
  });
});
