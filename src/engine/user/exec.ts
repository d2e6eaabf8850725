/**
 * From C to a process that ran: compile the program, link the library behind it, fork the shell, run main.
 *
 *     reader.c --cc--> object --link--> image --exec--> process --run--> stdout, stderr, status
 */
import { findingAbout } from '../../protocol/diagnostics.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { VariableRange } from '../../protocol/variables.ts';
import type { Image } from '../image/image.ts';
import { link } from '../image/link.ts';
import type { LinkInput } from '../image/link.ts';
import { idleTask } from '../kernel/objects/task.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { View } from '../kernel/view.ts';
import type { Run } from '../shell/run.ts';
import { compileForUser } from './compile.ts';
import type { UserHost } from './host.ts';
import { library } from './libc/index.ts';
import { NATIVES } from './natives/index.ts';
import type { Crash } from './process.ts';
import { spawn, TEXT_BASE } from './start.ts';
import { Userland } from './userland.ts';

export interface UserSource {
  readonly path: string;
  readonly text: string;
  readonly defines?: Readonly<Record<string, string>>;
  /** Text of an included file, or null: the user's own, and skeletons. */
  readonly files?: (path: string) => string | null;
  /** Bytes that C refers to by name: the objects in skeletons. */
  readonly blobs?: Readonly<Record<string, Uint8Array>>;
}

export interface BuiltProgram {
  /** null: it does not compile or link. */
  readonly image: Image | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Where the variables of the program's own functions are. */
  readonly variables: readonly VariableRange[];
}

/** A program with the library behind it; `compiled` is the library, if somebody has it. */
export function buildProgram(
  host: UserHost,
  source: UserSource,
  compiled?: readonly LinkInput[],
): BuiltProgram {
  const kernelBtf = host.shell.sys.kernel.btf;
  const { object, diagnostics, variables } = compileForUser({
    path: source.path,
    text: source.text,
    ...(source.files ? { files: source.files } : {}),
    ...(source.defines ? { defines: source.defines } : {}),
    kernelBtf,
    variables: true,
  });
  if (!object) return { image: null, diagnostics, variables };
  const linked = link({
    objects: [{ name: source.path, bytes: object }, ...(compiled ?? library(kernelBtf))],
    isNative: (name) => Object.hasOwn(NATIVES, name),
    ...(source.blobs ? { blobs: source.blobs } : {}),
    place: () => TEXT_BASE,
    entry: '_start',
  });
  if (!linked.ok)
    return {
      image: null,
      variables,
      diagnostics: [...diagnostics, ...linked.messages.map((text) => findingAbout('cc', source.path, text))],
    };
  return { image: linked.image, diagnostics, variables };
}

export interface ProcessEnd {
  /** As a shell shows it: the exit code, or 128 + the signal. */
  readonly status: number;
  readonly crash: Crash | null;
  /** Why the program was stopped from outside, '' when it was not. */
  readonly stopped: string;
  /** Instructions of all processes and threads. */
  readonly retired: number;
}

const SHELL = /^-?(ba|da|z|k|fi)?sh$/;

/** The shell that starts programs for this task: itself, or the nearest above it; else the task. */
export function shellOf(kernel: Kernel, task: View): View {
  for (let at: View | null = task; at && at.addr !== idleTask(kernel).addr; at = at.deref('real_parent'))
    if (SHELL.test(at.str('comm'))) return at;
  return task;
}

/** Runs a program to its end. */
export function* execProgram(
  host: UserHost,
  image: Image,
  path: string,
  argv: readonly string[],
  envp: readonly string[] = DEFAULT_ENVIRONMENT,
  prepare: (userland: Userland) => void = () => undefined,
): Run<ProcessEnd> {
  const userland = new Userland(host, NATIVES);
  prepare(userland);
  const parent = shellOf(userland.kernel, host.shell.sys.fds.task);
  const program = userland.prepare(path, image);
  const { process } = spawn(userland, parent, program, argv, envp);
  yield* userland.run(process);
  const status = process.status ?? 0;
  return {
    status: (status & 0x7f) !== 0 ? 128 + (status & 0x7f) : (status >> 8) & 0xff,
    crash: process.crash,
    stopped: userland.stopped,
    retired: userland.retired,
  };
}

const DEFAULT_ENVIRONMENT = [
  'HOME=/root',
  'LANG=C',
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'SHELL=/bin/bash',
  'TERM=xterm-256color',
  'USER=root',
];
