/** A recorded case: what a real kernel did with a program (layout: recorded/README.md). */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { UsageError } from '../options.ts';

export interface RecordedFd {
  readonly fd: number;
  readonly link: string;
  readonly ino: number;
  readonly dev: string;
  readonly mode: string;
  readonly size: number;
  readonly nlink: number;
  readonly fdinfo: string;
}

type TaskRow = readonly [pid: number, tgid: number, comm: string];
export interface TaskChanges {
  readonly added: readonly TaskRow[];
  readonly gone: readonly TaskRow[];
}

export interface RecordedRun {
  readonly params: string;
  readonly prog: string;
  readonly section: string;
  readonly tid?: number;
  readonly pid?: number;
  readonly pidfd_of?: number;
  readonly cgroup_id?: number;
  readonly link_create: { readonly fd: number; readonly errno: number };
  readonly link_info?: Readonly<Record<string, unknown>>;
  readonly link_fdinfo?: string;
  readonly iter_fdinfo?: string;
  readonly iter_create?: readonly number[];
  readonly tasks_vs_world?: TaskChanges;
  readonly self?: number;
  readonly self_fds?: readonly RecordedFd[];
  readonly reads?: readonly {
    readonly iter?: number;
    readonly ret: number;
    readonly errno: number;
    readonly times: number;
  }[];
  readonly output?: string;
  readonly output1?: string;
  readonly trace?: string;
}

export interface RecordedMap {
  readonly name: string;
  readonly id?: unknown;
  readonly type: number;
  /** JSON of bpftool; absent for maps that have no elements to dump. */
  readonly dump?: string;
}

export interface RecordedCase {
  readonly name: string;
  readonly kind: string;
  readonly verdict: 'accept' | 'reject';
  readonly errno: number;
  readonly libbpf: string;
  readonly log1: string;
  readonly boot: string;
  readonly runs?: readonly RecordedRun[];
  readonly maps?: readonly RecordedMap[];
  readonly progs?: readonly { readonly id?: unknown }[];
}

/** Where the files of a case are. */
export interface CaseFiles {
  readonly name: string;
  readonly source: string;
  readonly object: string;
  readonly includes: string;
  readonly world: string;
  readonly btf: string;
  readonly kallsyms: string;
  readonly truth: RecordedCase;
}

/** @throws UsageError when the folder is no recorded case */
export function openCase(folder: string): CaseFiles {
  const dir = resolve(folder);
  const name = basename(dir);
  const json = join(dir, 'linux.json');
  if (!existsSync(json)) throw new UsageError(`${folder} is no recorded case: it has no linux.json`);
  let truth: RecordedCase;
  try {
    truth = JSON.parse(readFileSync(json, 'utf8')) as RecordedCase;
  } catch (error) {
    throw new UsageError(`${json} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const lab = dirname(dirname(dir));
  return {
    name,
    source: join(dir, `${name}.bpf.c`),
    object: join(dir, `${name}.clang.o`),
    includes: dirname(dir),
    world: join(lab, 'worlds', `${truth.boot}.json`),
    btf: join(lab, 'kernel', 'vmlinux.btf.gz'),
    kallsyms: join(lab, 'kernel', 'kallsyms.gz'),
    truth,
  };
}

/** What a case's verdict hangs on, in the words of the kernel or of libbpf. */
export function decisiveLine(dir: string, name: string): string {
  const index = join(dirname(dirname(resolve(dir))), 'index.tsv');
  if (!existsSync(index)) return '';
  const row = readFileSync(index, 'utf8')
    .split('\n')
    .map((line) => line.split('\t'))
    .find((cells) => cells[1] === name);
  return row?.[4] ?? '';
}
