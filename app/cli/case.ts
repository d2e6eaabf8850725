/**
 * `iterscope case`: plays a recorded case against the world it was recorded in and prints what differs
 * from what Linux did.
 *
 * Runs happen in order on one loaded object, as they were recorded. Where a run found other tasks or other
 * files of the reader than the one before it, the machine is booted anew as that run found it, and maps
 * and globals are carried over.
 */
import { DEFAULT_RELEASE } from '../../src/engine/abi/releases.ts';
import { importRecorded, importRun } from '../../src/engine/kernel/import_recorded.ts';
import { Symbols } from '../../src/engine/kernel/symbols.ts';
import { bootMachine, errnoOrNull } from '../../src/engine/machine/boot.ts';
import type { Machine } from '../../src/engine/machine/boot.ts';
import { carryMaps } from '../../src/engine/machine/carry_maps.ts';
import { drain, failedReport, playLoaded } from '../../src/engine/machine/play.ts';
import { compileSource, loadProgram } from '../../src/engine/machine/program.ts';
import type { LoadOutcome } from '../../src/engine/machine/program.ts';
import type { LoadedObject } from '../../src/engine/libbpf/load.ts';
import type { RunReport } from '../../src/protocol/report.ts';
import { resources } from '../resources.ts';
import { includeFrom, readBytes, readText } from './files.ts';
import { UsageError } from './options.ts';
import type { CliOptions } from './options.ts';
import { deviationsOf } from './recorded/deviations.ts';
import type { Deviation } from './recorded/deviations.ts';
import { compareMaps } from './recorded/maps.ts';
import { compareRun, renaming, verdictDifferences } from './recorded/judge.ts';
import type { Comparison } from './recorded/compare.ts';
import { parseRunParams } from './recorded/params.ts';
import { decisiveLine, openCase } from './recorded/truth.ts';
import type { CaseFiles, RecordedCase, RecordedRun } from './recorded/truth.ts';
import { DONE, FAILED } from './run.ts';
import type { Terminal } from './terminal.ts';

export interface CaseResult {
  readonly verdict: RunReport['verdict'];
  readonly runs: readonly RunReport[];
  readonly differences: readonly string[];
  /** Deviations that were met: what they name was left out. */
  readonly deviations: readonly Deviation[];
}

export interface CaseOptions {
  readonly object: 'ours' | 'clang';
  /** Only this run is compared; the ones before it are played. */
  readonly run?: number | null;
  /** Another kernel's types, instead of the recorded ones. */
  readonly btf?: Uint8Array | null;
}

/** Files that many cases share are read once. */
const cache = new Map<string, unknown>();
function once<T>(key: string, make: () => T): T {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key) as T;
}

/** What of a run decides how the machine looks. */
const NO_CHANGES = { added: [], gone: [] };
const factsOf = (run: RecordedRun | undefined, self: number) => ({
  added: run?.tasks_vs_world?.added ?? NO_CHANGES.added,
  gone: run?.tasks_vs_world?.gone ?? NO_CHANGES.gone,
  self: run?.self ?? self,
  selfFds: run?.self_fds ?? [],
});

class CasePlayer {
  private readonly files: CaseFiles;
  private readonly options: CaseOptions;
  private readonly snapshot: { readonly self: number };
  private readonly btf: Uint8Array;
  private machine: Machine | null = null;
  private facts = '';
  loaded: LoadedObject | null = null;

  constructor(files: CaseFiles, options: CaseOptions) {
    this.files = files;
    this.options = options;
    this.btf = options.btf ?? once(files.btf, () => readBytes(files.btf));
    this.snapshot = once(files.world, () => JSON.parse(readText(files.world)) as { self: number });
  }

  /** The machine as this run found it. */
  machineFor(run: RecordedRun | undefined): Machine {
    const facts = factsOf(run, this.snapshot.self);
    const key = JSON.stringify([
      facts.added,
      facts.gone,
      facts.self,
      facts.selfFds.filter((fd) => fd.fd < 4),
    ]);
    if (this.machine && key === this.facts) return this.machine;
    const machine = bootMachine(
      resources,
      {
        world: { name: this.files.truth.boot },
        release: DEFAULT_RELEASE,
        btf: this.btf,
        kallsyms: once(this.files.kallsyms, () => Symbols.parse(readText(this.files.kallsyms))),
      },
      run ? importRun(this.snapshot, facts) : importRecorded(this.snapshot),
    );
    const before = this.machine && this.loaded ? { machine: this.machine, loaded: this.loaded } : null;
    this.machine = machine;
    this.facts = key;
    if (before) {
      this.loaded = this.load(machine).loaded;
      if (this.loaded) carryMaps(before, { machine, loaded: this.loaded });
    }
    return machine;
  }

  load(machine: Machine): LoadOutcome {
    resumeObjectNumbers(machine, this.files.truth);
    const { object, diagnostics } = this.object(machine);
    if (!object) {
      const nothing = { verdict: null, loaded: null, object: null, programs: [], messages: [], errno: 0 };
      return { ...nothing, stage: 'compile', diagnostics };
    }
    return loadProgram(machine, { path: `${this.files.name}.bpf.o`, object });
  }

  private object(machine: Machine) {
    const { files, options } = this;
    if (options.object === 'clang') return { object: readBytes(files.object), diagnostics: [] };
    const source = { path: `${files.name}.bpf.c`, text: readText(files.source) };
    return compileSource(source, machine.kernel.btf, includeFrom(files.source, [files.includes]));
  }
}

/** A machine that has been running has used up numbers; the recording tells which. */
function resumeObjectNumbers({ sys }: Machine, { maps, progs }: RecordedCase): void {
  const first = (objects: readonly { readonly id?: unknown }[] | undefined): number =>
    Math.min(...(objects ?? []).map(({ id }) => (typeof id === 'number' ? id : Infinity)));
  if (Number.isFinite(first(maps))) sys.objects.maps.startAt(first(maps));
  if (Number.isFinite(first(progs))) sys.objects.progs.startAt(first(progs));
}
function resumeRunNumbers({ sys }: Machine, run: RecordedRun, session: number | undefined): void {
  const link = run.link_info?.['id'];
  if (typeof link === 'number') sys.objects.links.startAt(link);
  if (session !== undefined) sys.iter.numberAfter(session - 1);
}

/**
 * Plays one case.
 *
 * Where a program prints the number of its session, and the recording had another, the case is played once
 * more with the counter where the recording had it: a longer number makes other reads.
 *
 * @throws BootError
 */
export function playCase(files: CaseFiles, options: CaseOptions): CaseResult {
  const sessions = new Map<number, number>();
  const result = play(files, options, sessions);
  return sessions.size > 0 && result.differences.length > 0 ? play(files, options, sessions) : result;
}

/** @param sessions number of the first session of a run; filled in where the recording tells it */
function play(files: CaseFiles, options: CaseOptions, sessions: Map<number, number>): CaseResult {
  const { truth } = files;
  const runs = truth.runs ?? [];
  const player = new CasePlayer(files, options);
  const first = player.machineFor(runs[0]);
  const outcome = player.load(first);
  player.loaded = outcome.loaded;
  const said = outcome.diagnostics.map((d) => d.message).join('\n');
  const got = {
    accepted: outcome.stage === 'done',
    errno: errnoOrNull(outcome.errno),
    text: `${outcome.verdict?.log ?? ''}\n${said}`,
  };
  const differences =
    outcome.stage === 'compile'
      ? [`the compiler refused it: ${said}`]
      : verdictDifferences(
          truth,
          decisiveLine(files.source.replace(/[^/]*$/, ''), files.name),
          got,
          options.object,
        );
  // Another layout relocates other offsets into the instructions.
  const sameCode = options.object === 'clang' && !options.btf;
  const known = deviationsOf(files.name, options.object, options.btf ? 'own' : 'recorded');
  const met = new Set<unknown>();
  const add = (when: string, comparison: Comparison): void => {
    for (const mask of comparison.used) met.add(mask);
    for (const difference of comparison.differences) differences.push(`${when}: ${difference}`);
  };
  const reports: RunReport[] = [];
  const last = options.run ?? runs.length - 1;
  for (const [i, run] of outcome.loaded ? runs.entries() : []) {
    if (i > last) break;
    const machine = player.machineFor(run);
    if (!player.loaded) break;
    const before = machine.recorder.sessions.length;
    const report = playRun(machine, player.loaded, run, sessions.get(i), outcome.verdict);
    reports.push(report);
    const ours = machine.recorder.sessions[before]?.session;
    const theirs = ours === undefined ? null : numberInPlaceOf(ours, report.output, run.output ?? '');
    if (theirs !== null) sessions.set(i, theirs);
    if (options.run !== undefined && options.run !== null && options.run !== i) continue;
    const comparison = compareRun(
      run,
      report,
      renaming(machine),
      sameCode,
      known.filter(({ runs: some }) => !some || some.test(run.params)),
    );
    add(`run ${i} (${run.params})`, comparison);
  }
  if (player.loaded && last === runs.length - 1)
    add('afterwards', compareMaps(truth, player.machineFor(runs.at(-1)), player.loaded, known));
  return {
    verdict: outcome.verdict,
    runs: reports,
    differences,
    deviations: known.filter((each) => met.has(each)),
  };
}

/** The number that stands in the first line of `theirs` where ours has `number`; null when the lines differ otherwise. */
function numberInPlaceOf(number: number, ours: string, theirs: string): number | null {
  const words = (text: string): string[] => text.slice(0, text.indexOf('\n')).split(/(\d+)/);
  const [a, b] = [words(ours), words(theirs)];
  const at = a.findIndex((word, i) => word !== b[i]);
  const differs = a.length === b.length && at >= 0 && a[at] === String(number);
  return differs ? Number(b[at]) : null;
}

function playRun(
  machine: Machine,
  loaded: LoadedObject,
  run: RecordedRun,
  session: number | undefined,
  verdict: RunReport['verdict'],
): RunReport {
  const { options, infoLength, rawMapFd, rawOrder } = parseRunParams(run);
  resumeRunNumbers(machine, run, session);
  machine.bpf.tracePipe.length = 0;
  const raw = { infoLength, mapFd: rawMapFd, order: rawOrder };
  const { report } = drain(
    playLoaded(
      machine,
      loaded,
      { ...options, readOn: true },
      { ...failedReport('load', []), verdict },
      undefined,
      raw,
    ),
  );
  return report;
}

export function caseCommand(options: CliOptions, terminal: Terminal): number {
  const [dir, ...more] = options.operands;
  if (dir === undefined || more.length > 0)
    throw new UsageError('case needs one DIR: the folder of a recorded case');
  const btf = options.btf === null ? null : readBytes(options.btf);
  const files = openCase(dir);
  const count = files.truth.runs?.length ?? 0;
  if (options.caseRun !== null && options.caseRun >= count)
    throw new UsageError(`${dir} has ${count} runs, counted from 0; there is no run ${options.caseRun}`);
  const result = playCase(files, { object: options.caseObject, run: options.caseRun, btf });
  if (options.json) terminal.print(`${JSON.stringify(result, null, 1)}\n`);
  else if (result.differences.length === 0) {
    terminal.print(`${dir}: as on Linux\n`);
    for (const { what, field, unordered, reason } of result.deviations)
      terminal.print(
        `${dir}: but for ${[field?.source, unordered ? 'order' : null].filter(Boolean).join(', ')} in ${what}: ${reason}\n`,
      );
  } else for (const difference of result.differences) terminal.print(`${dir}: ${difference}\n`);
  return result.differences.length === 0 ? DONE : FAILED;
}
