/**
 * For tests: a machine that loads recorded objects, and a reader for its iterator files.
 *
 * The verifier is replaced by one that trusts: the objects were accepted by a real kernel.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { must } from '../../shared/assert.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import { Bpf } from '../bpf/bpf.ts';
import { Btf } from '../btf/parse.ts';
import { buildWorld } from '../kernel/build_world.ts';
import { importRun } from '../kernel/import_recorded.ts';
import type { RunFacts } from '../kernel/import_recorded.ts';
import { Symbols } from '../kernel/symbols.ts';
import { loadObject } from '../libbpf/load.ts';
import { openObject } from '../libbpf/open.ts';
import { TARGETS } from '../iter/targets/index.ts';
import { parseRelease } from '../abi/releases.ts';
import { Recorder } from '../trace/recorder.ts';
import type { VerifyRequest, VerifyResult } from '../verifier/request.ts';
import { BpfSyscall } from '../sys/bpf.ts';
import { read } from '../sys/files.ts';
import { Sys } from '../sys/sys.ts';

const recorded = join(import.meta.dirname, '../../../recorded/linux-6.12');
const gunzip = (path: string): Buffer => gunzipSync(readFileSync(join(recorded, path)));

let kernelTypes: { btf: Btf; symbols: Symbols } | null = null;
const kernelOf612 = (): { btf: Btf; symbols: Symbols } =>
  (kernelTypes ??= {
    btf: Btf.parse(gunzip('kernel/vmlinux.btf.gz')),
    symbols: Symbols.parse(latin1Decode(gunzip('kernel/kallsyms.gz'))),
  });

/** One run of a case, as far as tests look at it. */
export interface RecordedRun {
  readonly params: string;
  readonly prog?: string;
  readonly tid?: number;
  readonly pid?: number;
  readonly pidfd_of?: number;
  readonly cgroup_id?: number;
  readonly link_create: { readonly fd: number; readonly errno: number };
  readonly link_fdinfo?: string;
  readonly iter_fdinfo?: string;
  readonly tasks_vs_world?: Pick<RunFacts, 'added' | 'gone'>;
  readonly self?: number;
  readonly self_fds?: RunFacts['selfFds'];
  readonly reads?: readonly { readonly ret: number; readonly errno: number; readonly times: number }[];
  readonly output?: string;
}
export interface RecordedCase {
  readonly name: string;
  readonly boot: string;
  readonly runs: readonly RecordedRun[];
}

export const readJson = (path: string): unknown =>
  JSON.parse(readFileSync(join(recorded, path), 'latin1')) as unknown;
export const readCase = (name: string): RecordedCase => readJson(`cases/${name}/linux.json`) as RecordedCase;

/** Accepts everything; every load may fault and then gives 0. */
export const trust = ({ insns }: VerifyRequest): VerifyResult => ({
  ok: true,
  errno: null,
  log: '',
  reject: null,
  processed: insns.length,
  maxRdonlyAccess: 0,
  maxRdwrAccess: 0,
  probeMem: new Uint8Array(insns.length).fill(1),
  seen: new Uint8Array(insns.length).fill(1),
  subprogs: [],
  maps: [],
  stackDepth: 0,
  states: [],
});

/** The machine of a case as its runs found it, with the case's object loaded. */
export function machineOf(name: string) {
  const facts = readCase(name);
  const run = must(
    facts.runs.find((r) => r.self_fds),
    'a run that came to reading',
  );
  const { btf, symbols } = kernelOf612();
  const world = importRun(readJson(`worlds/${facts.boot}.json`), {
    added: run.tasks_vs_world?.added ?? [],
    gone: run.tasks_vs_world?.gone ?? [],
    self: run.self ?? 0,
    selfFds: run.self_fds ?? [],
  });
  const kernel = buildWorld(world, { btf, symbols });
  const recorder = new Recorder();
  const release = must(parseRelease('6.12'), '6.12');
  const sys = new Sys({ bpf: new Bpf(kernel, { cpus: 1 }), release, verify: trust, recorder });
  for (const target of TARGETS) sys.iter.register(target);
  const bpf = new BpfSyscall(sys);
  const path = `${name}.clang.o`;
  const opened = openObject(readFileSync(join(recorded, 'cases', name, path)), { path, name });
  if (!opened.ok) throw new Error(opened.messages.join('\n'));
  const loaded = loadObject(opened.object, {
    kernel: { btf, symbols, release: '6.12.117', config: null },
    sys: bpf,
  });
  if (!loaded.ok) throw new Error(loaded.messages.join('\n'));
  const { programs, mapFds } = loaded.loaded;
  return {
    kernel,
    sys,
    bpf,
    facts,
    recorder,
    progFd: (prog?: string): number =>
      must(programs.find(({ program }) => !prog || program.spec.name === prog)?.ret, `program ${prog}`),
    mapFd: (map: string): number =>
      must(mapFds[opened.object.maps.findIndex((m) => m.name === map)], `map ${map}`),
  };
}
export type TestMachine = ReturnType<typeof machineOf>;

/** One read(2), to its end. */
export function readFd(sys: Sys, fd: number, size: number, faults = false): { ret: number; text: string } {
  const run = read(sys, fd, size, faults);
  for (;;) {
    const step = run.next();
    if (step.done === true) return { ret: step.value.ret, text: latin1Decode(step.value.bytes) };
  }
}
