/** What differs between a recorded run and ours. */
import type { Machine } from '../../../src/engine/machine/boot.ts';
import type { RunReport } from '../../../src/protocol/report.ts';
import { errnoName } from '../../../src/shared/errno.ts';
import { Comparison } from './compare.ts';
import type { Mask, Renaming } from './compare.ts';
import type { RecordedCase, RecordedRun } from './truth.ts';

/** Direct map and vmalloc space with four and with five levels of page tables. */
const HEAP = /^(ff1[1-9a-f]|ffa[0-9a-f]|ffff[89ab]|ffffc9)[0-9a-f]*$/;

/** %p prints 32 bits of a hash whose key is made at boot, as 16 digits or as 8 in a wider field. */
const HASHED = /^(0{8})?(?!0{8})[0-9a-f]{8}$/;

/** Ids that another machine may number otherwise. */
export function renaming(machine: Machine): Renaming {
  const { maps, progs, links, btfs } = machine.sys.objects;
  const ids = [maps, progs, links, btfs].flatMap((table) => table.all().map(({ id }) => String(id)));
  const sessions = machine.recorder.sessions.map(({ session }) => String(session));
  return {
    ids: new Set([...ids, ...sessions]),
    isHeap: (hex) => HASHED.test(hex) || (hex.length === 16 && HEAP.test(hex)),
  };
}

/** Recorded name and ours; a field that the target does not fill holds whatever the union has there. */
const LINK_FIELDS = [
  ['task_tid', 'tid'],
  ['task_pid', 'pid'],
  ['cgroup_id', 'cgroup_id'],
] as const;

const errnoText = (errno: number): string | null => (errno === 0 ? null : errnoName(errno));

interface Reads {
  readonly session: number;
  readonly ret: number;
  readonly errno: string | null;
  times: number;
}

/** Equal results in a row become one entry. */
function inARow(reads: readonly Omit<Reads, 'times'>[]): Reads[] {
  const out: Reads[] = [];
  for (const { session, ret, errno } of reads) {
    const last = out.at(-1);
    if (last?.session === session && last.ret === ret && last.errno === errno) last.times++;
    else out.push({ session, ret, errno, times: 1 });
  }
  return out;
}

/** The line by which a refusal is told: the last that is neither statistics nor empty. */
export const lastMessage = (log: string): string =>
  log
    .split('\n')
    .filter((line) => line !== '' && !/^(processed|verification time|stack depth) /.test(line))
    .at(-1) ?? '';

/** Numbers that depend on how the code was generated. */
const blurred = (text: string): string => text.replace(/0x[0-9a-f]+|-?\d+/g, '#');

export function verdictDifferences(
  truth: RecordedCase,
  decisive: string,
  got: { readonly accepted: boolean; readonly errno: string | null; readonly text: string },
  object: 'ours' | 'clang',
): string[] {
  const comparison = new Comparison({ ids: new Set(), isHeap: () => false });
  comparison.equal('verdict', truth.verdict, got.accepted ? 'accept' : 'reject');
  if (truth.verdict === 'accept' || got.accepted) return comparison.differences;
  comparison.equal('errno', errnoText(truth.errno), got.errno);
  const lines = got.text.split('\n').map((line) => line.replace(/^libbpf: /, ''));
  const wanted = decisiveOf(truth, decisive);
  const same = (line: string): boolean =>
    object === 'clang' ? line === wanted : blurred(line) === blurred(wanted);
  if (wanted !== '' && !lines.some(same))
    comparison.differences.push(
      `message: Linux ${JSON.stringify(wanted)}, here ${JSON.stringify(lastMessage(got.text))}`,
    );
  return comparison.differences;
}

/** For programs that grow too large the index names another line than the one that decides. */
function decisiveOf(truth: RecordedCase, decisive: string): string {
  if (decisive.startsWith('stack depth'))
    return truth.log1.split('\n').find((line) => line.startsWith('BPF program is too large')) ?? decisive;
  return decisive.replace(/^libbpf: /, '');
}

/** A tag is a hash of the instructions. */
const OTHER_CODE: Mask = { what: 'link fdinfo', field: /^prog_tag:\t.*$/ };

export function compareRun(
  run: RecordedRun,
  got: RunReport,
  names: Renaming,
  sameCode: boolean,
  masks: readonly Mask[],
): Comparison {
  const comparison = new Comparison(names, sameCode ? masks : [OTHER_CODE, ...masks]);
  comparison.equal('BPF_LINK_CREATE', errnoText(run.link_create.errno), got.attach?.errno ?? null);
  if (run.link_create.errno !== 0 || got.attach?.errno) return comparison;
  const info = run.link_info;
  if (info) {
    comparison.equal('target', info['target'], got.link?.target_name);
    comparison.equal('target_name_len', info['target_name_len'], got.link?.['target_name_len']);
    for (const [theirs, ours] of LINK_FIELDS)
      if (got.link && ours in got.link) comparison.equal(ours, info[theirs], got.link[ours]);
  }
  comparison.text('link fdinfo', run.link_fdinfo ?? '', got.link_fdinfo ?? '');
  const output = `${run.output ?? ''}${run.output1 ?? ''}`;
  comparison.text('output', output, got.output);
  const want = (run.reads ?? []).map(({ iter, ret, errno, times }) => ({
    session: iter ?? 0,
    ret,
    errno: errnoText(errno),
    times,
  }));
  if (comparison.isUneven('output'))
    comparison.equal('reads, by lines', linesRead(want, output), linesRead(inARow(got.reads), got.output));
  else comparison.equal('reads', want, inARow(got.reads));
  for (const [key, records] of Object.entries(run))
    if (key.startsWith('ringbuf_') && Array.isArray(records))
      comparison.equal(
        key,
        records.filter((record) => record !== ''),
        got.ringbufs[key.slice('ringbuf_'.length)] ?? [],
      );
  comparison.text('trace_pipe', run.trace ?? '', got.trace_pipe);
  return comparison;
}

/** Successful reads up to the next end or failure, as the lines of text they brought: sizes are those of the texts. */
function linesRead(reads: readonly Reads[], text: string): (Reads | number)[] {
  const out: (Reads | number)[] = [];
  let from = 0;
  let to = 0;
  const flush = (): void => {
    if (to > from) out.push(text.slice(from, to).split('\n').length);
    from = to;
  };
  for (const read of reads) {
    if (read.ret > 0) {
      to += read.ret * read.times;
      continue;
    }
    flush();
    out.push(read);
  }
  flush();
  return out;
}
