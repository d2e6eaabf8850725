/**
 * Plays a scenario from compile to the last read(2), as a generator that pauses after every callback of a
 * walk. Whoever drives it decides how long a slice is; the outcome does not depend on that.
 *
 *     compile -> boot -> load -> fill maps -> attach -> create -> read, read, ... -> report
 */
import { findingAbout } from '../../protocol/diagnostics.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { NOTHING_DONE } from '../../protocol/report.ts';
import type { LinkInfo, ReadReport, RunReport, Stage } from '../../protocol/report.ts';
import type { AttachParams, RunOptions } from '../../protocol/scenario.ts';
import { errnoName, fail } from '../../shared/errno.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import { KernelOops, ProgramAbort } from '../iter/bpf_iter.ts';
import { AttachType } from '../abi/uapi.ts';
import type { LoadedObject, ProgramLoad } from '../libbpf/load.ts';
import { readFdinfo } from '../sys/fdinfo.ts';
import { read } from '../sys/files.ts';
import type { LinkInfo as SysLinkInfo } from '../sys/obj_info.ts';
import { linkInfoFor } from './attach.ts';
import { MissingRole } from '../kernel/types.ts';
import { WorldError } from '../kernel/world.ts';
import { errnoOrNull } from './boot.ts';
import type { Machine } from './boot.ts';
import { fillMap, mapAccess, noSuchMap } from './map_access.ts';
import { readGlobals, readMaps, readRingbufs } from './globals.ts';
import { chooseProgram, loadProgram } from './program.ts';
import type { LoadOutcome } from './program.ts';

/** A pause: after each callback, with the calls and reads made so far. */
export interface Pause {
  readonly calls: number;
  readonly reads: number;
}
export type Play<T> = Generator<Pause, T>;

export const DEFAULT_READ_SIZE = 4096;
/** A failing read is repeated so many times in a row: always after EAGAIN, after other errors if asked to. */
const MAX_FAILURES = 6;

export const failedReport = (stage: Stage, diagnostics: readonly Diagnostic[]): RunReport => ({
  ...NOTHING_DONE,
  stage,
  diagnostics,
});

/** What one attached program did. */
export interface Outcome {
  readonly report: RunReport;
  readonly program: ProgramLoad | null;
}

/**
 * Called with the sessions' fds when all is open and nothing has been read.
 *
 * @returns 'stay open' when nothing is to be closed behind the last read, for who looks back at the run
 */
export type WhenReady = (fds: readonly number[]) => 'stay open' | void;

/** Loads an object and runs one of its programs. */
export function* playObject(
  machine: Machine,
  path: string,
  object: Uint8Array,
  options: RunOptions,
  compiled: readonly Diagnostic[] = [],
  ready: WhenReady = () => undefined,
): Play<Outcome & { readonly outcome: LoadOutcome }> {
  const outcome = loadProgram(machine, { path, object, set: options.set, logLevel: options.logLevel });
  const report: RunReport = {
    ...NOTHING_DONE,
    stage: outcome.stage,
    diagnostics: [...compiled, ...outcome.diagnostics],
    verdict: outcome.verdict,
  };
  if (!outcome.loaded || options.checkOnly) return { report, program: null, outcome };
  const result = yield* playLoaded(machine, outcome.loaded, options, report, ready);
  return { ...result, report: withModule(machine, result.report), outcome };
}

/** What kernel code of the user's did, beside what was read. */
function withModule({ module }: Machine, report: RunReport): RunReport {
  if (!module) return report;
  return {
    ...report,
    diagnostics: [...report.diagnostics, ...module.diagnostics],
    module: module.report(),
  };
}

/** Kernel code that came to no end, at its line. */
export const oopsDiagnostic = (oops: KernelOops, file: string): Diagnostic => ({
  source: 'kernel',
  severity: 'error',
  file: oops.at?.file ?? file,
  line: oops.at?.line ?? 0,
  column: oops.at?.column ?? 0,
  endLine: oops.at?.line ?? 0,
  endColumn: (oops.at?.column ?? 0) + 1,
  message: oops.message,
  notes: oops.trace.map((frame, i) => `${i === 0 ? 'in' : 'called by'} ${frame}`),
});

/** Attaches one program of a loaded object and reads it. */
export function* playLoaded(
  machine: Machine,
  loaded: LoadedObject,
  options: RunOptions,
  base: RunReport = NOTHING_DONE,
  ready: WhenReady = () => undefined,
  raw: RawLinkInfo = NO_RAW,
): Play<Outcome> {
  const program = chooseProgram(loaded, options.prog);
  if (!program) {
    const message =
      options.prog === undefined
        ? `${loaded.object.path} has no iterator program: none of its sections is iter/TARGET`
        : `there is no program '${options.prog}'; the object has ${loaded.programs.map((p) => p.program.spec.name).join(', ')}`;
    return {
      report: {
        ...base,
        stage: 'open',
        verdict: loaded.programs.length > 0 ? base.verdict : null,
        diagnostics: [...base.diagnostics, findingAbout('libbpf', loaded.object.path, message)],
      },
      program,
    };
  }
  for (const [map, count] of options.fill ?? []) {
    const wrong = fillMap(machine, loaded, map, count);
    if (wrong !== '')
      return {
        report: {
          ...base,
          stage: 'load',
          diagnostics: [...base.diagnostics, findingAbout('libbpf', loaded.object.path, wrong)],
        },
        program,
      };
  }
  machine.script.maps = mapAccess(machine, loaded);
  const target = program.program.spec.section.replace(/^iter(\.s)?\//, '');
  const tried = guarded(machine, () =>
    attach(machine, loaded, program.ret, target, options.attach ?? {}, raw),
  );
  if (typeof tried !== 'number')
    return {
      report: { ...base, stage: 'attach', diagnostics: [...base.diagnostics, tried] },
      program,
    };
  const linkFd = tried;
  let stays = false;
  const whenReady: WhenReady = (fds) => {
    const answer = ready(fds);
    stays = answer === 'stay open';
    return answer;
  };
  if (linkFd < 0) {
    const map = options.attach?.map;
    const missing = map === undefined ? null : noSuchMap(loaded.object, map, 'iterate');
    const said = missing === null ? [] : [findingAbout('libbpf', loaded.object.path, missing)];
    const diagnostics = [...base.diagnostics, ...said];
    return {
      report: { ...base, stage: 'attach', diagnostics, attach: { errno: errnoName(linkFd) } },
      program,
    };
  }
  const report = yield* playLink(machine, loaded, linkFd, options, whenReady, {
    ...base,
    attach: { errno: null },
    link: linkReport(machine, linkFd),
    link_fdinfo: readFdinfo(machine.sys, linkFd),
  });
  if (!stays) machine.syscall.close(linkFd);
  return { report, program };
}

/** @returns what `body` does, or what stopped kernel code of the user's in it */
function guarded<T>({ module }: Machine, body: () => T): T | Diagnostic {
  try {
    return body();
  } catch (error) {
    if (error instanceof KernelOops) return oopsDiagnostic(error, module?.file.path ?? '');
    throw error;
  }
}

/** Parts of the link parameters that no well-meant attach would give: to find out what the kernel says. */
export interface RawLinkInfo {
  /** iter_info_len; the union is filled up with ones or cut. */
  readonly infoLength: number | null;
  readonly mapFd: number | null;
  readonly order: number | null;
}
const NO_RAW: RawLinkInfo = { infoLength: null, mapFd: null, order: null };

function attach(
  machine: Machine,
  loaded: LoadedObject,
  progFd: number,
  target: string,
  params: AttachParams,
  raw: RawLinkInfo,
): number {
  const info = linkInfoFor(machine, loaded, target, params);
  if (typeof info === 'number') return info;
  const bytes = withRaw(info, raw);
  const iterInfo = bytes && { bytes, length: raw.infoLength ?? bytes.length };
  return machine.syscall.linkCreate({ progFd, attachType: AttachType.TRACE_ITER, iterInfo });
}

function withRaw(info: Uint8Array | null, { infoLength, mapFd, order }: RawLinkInfo): Uint8Array | null {
  if (infoLength === null && mapFd === null && order === null) return info;
  const out = new Uint8Array(Math.max(16, infoLength ?? 0));
  if (info) out.set(info);
  out.fill(0xff, 16);
  const first = mapFd ?? order;
  if (first !== null) new DataView(out.buffer).setUint32(0, first, true);
  return out;
}

/** Fields of the union in struct bpf_link_info that mean something, by target. */
const LINK_FIELDS: Readonly<Record<string, readonly (keyof SysLinkInfo)[]>> = {
  task: ['tid', 'pid'],
  task_file: ['tid', 'pid'],
  task_vma: ['tid', 'pid'],
  cgroup: ['cgroup_id', 'order'],
  bpf_map_elem: ['map_id'],
  bpf_sk_storage_map: ['map_id'],
  sockmap: ['map_id'],
};

/** What a target of the user's own can say of itself. */
const OWN_LINK_FIELDS: readonly (keyof SysLinkInfo)[] = ['tid', 'pid'];

function linkReport({ syscall, module }: Machine, fd: number): LinkInfo | null {
  const info = syscall.linkInfo(fd);
  if (typeof info === 'number') return null;
  const { type, id, prog_id, target_name, target_name_len } = info;
  const fields = module?.targets.includes(target_name) ? OWN_LINK_FIELDS : (LINK_FIELDS[target_name] ?? []);
  const own = fields.map((field) => [field, Number(info[field])]);
  return { type, id, prog_id, target_name, target_name_len, ...Object.fromEntries(own) };
}

/** Opens the sessions of a link and reads each to its end. */
function* playLink(
  machine: Machine,
  loaded: LoadedObject,
  linkFd: number,
  options: RunOptions,
  ready: WhenReady,
  base: RunReport,
): Play<RunReport> {
  const { syscall, bpf } = machine;
  const fds: number[] = [];
  const reads: ReadReport[] = [];
  const finish = (stage: Stage, diagnostics: readonly Diagnostic[] = []): RunReport => ({
    ...base,
    stage,
    diagnostics: [...base.diagnostics, ...diagnostics],
    reads,
    output: fds.map((_, i) => outputOf(reads, i)).join(''),
    trace_pipe: bpf.tracePipe.map((line) => `${line}\n`).join(''),
    ringbufs: readRingbufs(loaded, syscall),
    globals: readGlobals(loaded, syscall),
    maps: readMaps(loaded, syscall),
  });
  for (let i = 0; i < (options.sessions ?? 1); i++) {
    const fd = guarded(machine, () => createSession(machine, linkFd));
    if (typeof fd === 'object') return finish('create', [fd]);
    if (typeof fd === 'string') return finish('create', [findingAbout('libbpf', loaded.object.path, fd)]);
    if (fd < 0)
      return finish('create', [
        findingAbout('libbpf', loaded.object.path, `BPF_ITER_CREATE failed with ${errnoName(fd)}`),
      ]);
    fds.push(fd);
  }
  const stays = ready(fds) === 'stay open';
  try {
    yield* readAll(machine, fds, options, reads);
  } catch (error) {
    if (error instanceof KernelOops)
      return finish('read', [oopsDiagnostic(error, machine.module?.file.path ?? '')]);
    if (error instanceof WorldError)
      return finish('read', [findingAbout('libbpf', machine.world.name, error.message)]);
    if (!(error instanceof ProgramAbort)) throw error;
    return finish('read', [findingAbout('libbpf', loaded.object.path, abortText(error))]);
  }
  if (!stays) for (const fd of fds) syscall.close(fd);
  const last = reads.at(-1);
  return finish(
    last && last.ret < 0 ? 'read' : 'done',
    machine.script.unreached().map((text) => findingAbout('libbpf', machine.world.name, text, 'warning')),
  );
}

/** @returns an fd, a negated errno, or what this kernel's types lack for the target */
function createSession({ syscall }: Machine, linkFd: number): number | string {
  try {
    return syscall.iterCreate(linkFd);
  } catch (error) {
    if (error instanceof MissingRole) return `the target cannot be walked by this BTF: ${error.message}`;
    throw error;
  }
}

/** Bytes of one session, as latin-1. */
const outputOf = (reads: readonly ReadReport[], session: number): string =>
  reads.map((r) => (r.session === session ? atob(r.bytes) : '')).join('');

/** What stopped a program that could not go on. */
export function abortText({ why, pc, addr }: ProgramAbort): string {
  if (why === 'fuel') return `the program ran too long in one call and was stopped at instruction ${pc}`;
  if (why === 'stack') return `the program used more frames than there are, at instruction ${pc}`;
  return `the kernel would oops: instruction ${pc} used address 0x${(addr ?? 0n).toString(16)}, where nothing is`;
}

/** Where reading one session stands. */
interface Reader {
  readonly fd: number;
  readonly session: number;
  zeros: number;
  failures: number;
  open: boolean;
}

/** Reads the sessions in turn, each until two zeros in a row, an error that stays, or the most reads. */
function* readAll(
  machine: Machine,
  fds: readonly number[],
  options: RunOptions,
  reads: ReadReport[],
): Play<void> {
  const size = options.readSize ?? DEFAULT_READ_SIZE;
  const readers = fds.map((fd, i): Reader => ({ fd, session: i, zeros: 0, failures: 0, open: true }));
  for (let round = 0; round < (options.maxReads ?? Infinity) && readers.some((r) => r.open); round++)
    for (const reader of readers) {
      if (!reader.open) continue;
      const { ret, bytes } = yield* readOnce(machine, reader.fd, size, reads.length);
      const { session } = reader;
      reads.push({
        session,
        ret: Math.max(ret, -1),
        errno: errnoOrNull(ret),
        bytes: btoa(latin1Decode(bytes)),
      });
      reader.failures = ret < 0 ? reader.failures + 1 : 0;
      reader.zeros = ret === 0 ? reader.zeros + 1 : 0;
      const stays = ret < 0 && ret !== fail('EAGAIN') && !options.readOn;
      reader.open = !stays && reader.zeros < 2 && reader.failures < MAX_FAILURES;
    }
}

/** One read(2), with a pause after each callback. */
export function* readOnce(
  machine: Machine,
  fd: number,
  size: number,
  reads: number,
): Play<{ ret: number; bytes: Uint8Array }> {
  const { sys, script } = machine;
  const file = sys.fds.file(fd);
  const behind = file && sys.fds.behind(file);
  const session = behind?.kind === 'iter' ? behind.object : null;
  const number = session?.reads ?? 0;
  if (session) sys.beforeRead(session);
  script.atRead(session?.recorder ?? null, number, 'before');
  const walk = read(sys, fd, size);
  for (let calls = 1; ; calls++) {
    script.atCall(session?.recorder ?? null);
    const step = walk.next();
    if (step.done) {
      script.atRead(session?.recorder ?? null, number, 'after');
      return step.value;
    }
    yield { calls, reads };
  }
}

/** Runs to the end in one go. */
export function drain<T>(play: Play<T>): T {
  for (;;) {
    const step = play.next();
    if (step.done) return step.value;
  }
}
