/**
 * Boots a machine: a world becomes a kernel, with the BPF subsystem, the iterator targets of its release
 * and a system call layer for the reader.
 *
 *     world text -> World -> Kernel (bytes) -> Bpf -> Sys -> Machine
 */
import { errnoName } from '../../shared/errno.ts';
import { KNOWN_RELEASES, hasTarget, parseRelease } from '../abi/releases.ts';
import type { Release } from '../abi/releases.ts';
import { Bpf } from '../bpf/bpf.ts';
import { Btf, BtfFormatError } from '../btf/parse.ts';
import { ofRelease } from '../btf/since.ts';
import { bigSize, bigWorld } from '../kernel/big_world.ts';
import { makeWorld } from '../kernel/build_world.ts';
import type { BuiltWorld } from '../kernel/build_world.ts';
import { importRecorded, isRecorded } from '../kernel/import_recorded.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { findTaskByPidNs, taskActivePidNs } from '../kernel/objects/pid.ts';
import { KallsymsError, Symbols } from '../kernel/symbols.ts';
import { MissingRole, Types } from '../kernel/types.ts';
import { WorldError, parseChange, parseWorld } from '../kernel/world.ts';
import type { World } from '../kernel/world.ts';
import type { WorldFiles } from '../kernel/world_files.ts';
import type { LoadedModule } from '../module/module.ts';
import { TARGETS } from '../iter/targets/index.ts';
import { BpfSyscall } from '../sys/bpf.ts';
import { mountBpffs } from '../sys/bpffs.ts';
import { Sys } from '../sys/sys.ts';
import { Recorder } from '../trace/recorder.ts';
import { verify } from '../verifier/verify.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { ScenarioChange, WorldRef } from '../../protocol/scenario.ts';
import type { Resources } from './resources.ts';
import { WorldScript } from './script.ts';
import { makeWorldMaps } from './world_maps.ts';

/** What was given cannot be a machine. `message` says which input, where, and what to do. */
export class BootError extends Error {
  override readonly name = 'BootError';
  /** What is wrong at which line, where the reason is kernel code of the user's. */
  readonly diagnostics: readonly Diagnostic[] | null;

  constructor(message: string, diagnostics: readonly Diagnostic[] | null = null) {
    super(message);
    this.diagnostics = diagnostics;
  }
}

/** A compiled module. Few machines have one: what makes it is loaded by whoever asks for it. */
export interface KernelCode {
  /** The kernel's types with the module's behind them. */
  extend(kernel: Btf): Btf;
  /** Runs its init. */
  insert(sys: Sys): LoadedModule;
}

export interface BootOptions {
  readonly world: WorldRef;
  /** Instead of the world's. */
  readonly release?: string | undefined;
  /** BTF of another kernel. */
  readonly btf?: Uint8Array | undefined;
  /** Another kernel's kallsyms: its text, or what was read of it before. */
  readonly kallsyms?: string | Symbols | undefined;
  readonly seed?: number | undefined;
  /** The task that loads and reads, instead of the world's. */
  readonly reader?: number | undefined;
  /** Kernel code of the user's, inserted when all else stands. */
  readonly module?: KernelCode | undefined;
  /** Made by hand, beside the world's script. */
  readonly changes?: readonly ScenarioChange[] | undefined;
}

export interface Machine {
  readonly world: World;
  readonly release: Release;
  readonly kernel: Kernel;
  /** What opens more files of the world. */
  readonly files: WorldFiles;
  readonly bpf: Bpf;
  readonly sys: Sys;
  readonly syscall: BpfSyscall;
  readonly recorder: Recorder;
  readonly script: WorldScript;
  readonly module: LoadedModule | null;
}

/** The types of a kernel, read once for each blob. */
const parsed = new WeakMap<Uint8Array, Btf>();
function kernelBtf(blob: Uint8Array): Btf {
  let btf = parsed.get(blob);
  if (!btf) parsed.set(blob, (btf = Btf.parse(blob)));
  return btf;
}

/** The types that programs are compiled against; no world is needed for that. @throws BootError */
export function kernelTypes(resources: Resources, { btf }: Pick<BootOptions, 'btf'>): Btf {
  try {
    return kernelBtf(btf ?? resources.btf());
  } catch (error) {
    if (error instanceof BtfFormatError) throw new BootError(error.message);
    throw error;
  }
}

/** Reads a world or a recorded snapshot; told apart by content. @throws BootError */
export function readWorld(ref: WorldRef, resources: Resources, btf?: Uint8Array): World {
  const objects = 'text' in ref ? null : bigSize(ref.name);
  if (objects !== null) {
    const types = new Types(kernelTypes(resources, { btf }));
    // What this BTF lacks is said when the world is laid out.
    const sizeOf = (struct: string): number => (types.has(struct) ? types.struct(struct).size : 0);
    return naming(ref.name, () => parseWorld(bigWorld(objects, sizeOf)));
  }
  const text = 'text' in ref ? ref.text : resources.world(ref.name);
  if (text === null)
    throw new BootError(
      `there is no world '${ref.name}'; the shipped ones are ${resources.worldNames.join(', ')}, and big:N with N objects`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BootError(
      `world ${ref.name} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return naming(ref.name, () => (isRecorded(value) ? importRecorded(value) : parseWorld(value)));
}

/** What is wrong with a world, with the world's name before it. */
function naming<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WorldError) throw new BootError(`${name}: ${error.message}`);
    throw error;
  }
}

/** @throws BootError */
export function readSymbols(text: string | Symbols | undefined): Symbols | null {
  if (text === undefined) return null;
  if (text instanceof Symbols) return text;
  try {
    return Symbols.parse(text);
  } catch (error) {
    if (error instanceof KallsymsError) throw new BootError(`kallsyms: ${error.message}`);
    throw error;
  }
}

/** The kernel of a world, laid out by a BTF. @throws BootError */
export const bootKernel = (world: World, resources: Resources, options: BootOptions): Kernel =>
  bootWorld(world, resources, options).kernel;

function bootWorld(world: World, resources: Resources, options: BootOptions): BuiltWorld {
  const symbols = readSymbols(options.kallsyms);
  try {
    const own = ofRelease(kernelBtf(options.btf ?? resources.btf()), knownRelease(world.release));
    const btf = options.module?.extend(own) ?? own;
    return makeWorld(world, { btf, ...(symbols ? { symbols } : {}) });
  } catch (error) {
    if (error instanceof BtfFormatError) throw new BootError(error.message);
    if (error instanceof MissingRole)
      throw new BootError(`this BTF is not that of a kernel we can lay a world out in: ${error.message}`);
    throw error;
  }
}

/** @throws BootError for a release that this simulator cannot be */
function knownRelease(text: string): Release & { readonly name: World['release'] } {
  const release = parseRelease(text);
  const name = KNOWN_RELEASES.find((known) => known === release?.name);
  if (!release || !name)
    throw new BootError(
      `'${text}' is no kernel release that this simulator knows; it can be ${KNOWN_RELEASES.join(' or ')}`,
    );
  return { ...release, name };
}

/** @throws BootError; with a module ModuleError and KernelOops */
export function bootMachine(resources: Resources, options: BootOptions, prepared?: World): Machine {
  const given = prepared ?? readWorld(options.world, resources, options.btf);
  const release = knownRelease(options.release ?? given.release);
  const world = { ...given, release: release.name };
  const built = bootWorld(world, resources, options);
  const { kernel } = built;
  if (options.reader !== undefined) setReader(kernel, options.reader);
  const bpf = new Bpf(kernel, options.seed === undefined ? {} : { seed: options.seed });
  const recorder = new Recorder();
  const sys = new Sys({ bpf, release, verify, recorder });
  for (const target of TARGETS) if (hasTarget(release, target.target)) sys.iter.register(target);
  const changes = naming(world.name, () =>
    (options.changes ?? []).map((change, i) => parseChange(change, `.changes[${i}]`)),
  );
  const script = new WorldScript(built, world.script, changes);
  const syscall = new BpfSyscall(sys);
  mountBpffs(sys);
  naming(world.name, () => makeWorldMaps(syscall, world));
  const module = options.module?.insert(sys) ?? null;
  return { world, release, kernel, files: built.files, bpf, sys, syscall, recorder, script, module };
}

function setReader(kernel: Kernel, pid: number): void {
  const ns = taskActivePidNs(kernel, kernel.view('task_struct', kernel.current));
  const task = ns && findTaskByPidNs(kernel, pid, ns);
  if (!task) throw new BootError(`there is no task ${pid} in this world to be the reader`);
  if (!task.deref('files')) throw new BootError(`task ${pid} cannot be the reader: it has no file table`);
  kernel.current = task.addr;
}

/** -22 as 'EINVAL', null for success. */
export const errnoOrNull = (ret: number): string | null => (ret < 0 ? errnoName(ret) : null);
