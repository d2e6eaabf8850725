/**
 * A reader program and the BPF program it loads, on a machine: what `iterscope exec` runs.
 *
 *     prog.bpf.c ─> prog.bpf.o (a file of the working directory), prog.skel.h
 *     reader.c   ─> a process of the world ─> stdout, stderr, status
 */
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { VariableRange } from '../../protocol/variables.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import { shellHost } from './shell.ts';
import { pathText } from '../vfs/path.ts';
import type { Play } from './play.ts';
import type { LinkInput } from '../image/link.ts';
import type { Machine } from './boot.ts';
import type { OutsideFiles } from '../shell/host.ts';
import { buildProgram, execProgram, shellOf } from '../user/exec.ts';
import type { ProcessEnd } from '../user/exec.ts';
import type { UserHost } from '../user/host.ts';
import type { Userland } from '../user/userland.ts';
import { skeletonOf } from '../user/skeleton.ts';
import { userTree } from '../user/tree.ts';

/** An object file beside the reader. */
export interface ObjectFile {
  /** As the program opens it: `prog.bpf.o`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface ExecRequest {
  readonly path: string;
  readonly text: string;
  readonly defines?: Readonly<Record<string, string>>;
  readonly include?: (path: string) => string | null;
  readonly objects: readonly ObjectFile[];
  /** After the program's own name. */
  readonly args: readonly string[];
  /** The C library, if somebody has compiled it. */
  readonly library?: readonly LinkInput[];
}

export interface ExecOutcome {
  readonly diagnostics: readonly Diagnostic[];
  /** null: it was not run. */
  readonly end: ProcessEnd | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly trace_pipe: string;
  /** Iterators that were read: what each read(2) asked for and gave. */
  readonly sessions: readonly {
    readonly session: number;
    readonly target: string;
    readonly reads: readonly { readonly size: number; readonly ret: number }[];
  }[];
}

/** `prog.bpf.c` is compiled to `prog.bpf.o`; its skeleton is `prog.skel.h`. */
export const objectPath = (source: string): string => `${source.replace(/^.*\//, '').replace(/\.c$/, '')}.o`;

/** The folder that the program is started from: the objects, nothing else. */
function folderOf(objects: readonly ObjectFile[]): OutsideFiles {
  const find = (path: string): Uint8Array | null => objects.find((each) => each.path === path)?.bytes ?? null;
  return {
    read: find,
    size: (path) => find(path)?.length ?? null,
    list: (path) => (path === '' ? objects.map((object) => object.path) : null),
  };
}

/** Where a shell of this machine would start the program. */
function homeOf(machine: Machine): string {
  const { kernel, sys } = machine;
  const fs = shellOf(kernel, sys.fds.task).deref('fs');
  const cwd = fs ? pathText(kernel, fs.sub('pwd')) : '/';
  return cwd === '/' ? '/root' : cwd;
}

/** Sees the processes before the first instruction; `written` tells the bytes on stdout so far. */
export type Prepare = (
  userland: Userland,
  written: () => number,
  variables: readonly VariableRange[],
) => void;

/** Compiles and runs a reader program. */
export function* playExec(
  machine: Machine,
  request: ExecRequest,
  prepare: Prepare = () => undefined,
): Play<ExecOutcome> {
  const output = { stdout: '', stderr: '' };
  const shell = shellHost(machine, folderOf(request.objects));
  const home = homeOf(machine);
  const host: UserHost = {
    shell,
    tree: userTree(shell, home, 0),
    write: (stream, bytes) => {
      output[stream] += latin1Decode(bytes);
    },
  };
  const skeletons = request.objects.map((object) => skeletonOf(object.path, object.bytes));
  const built = buildProgram(
    host,
    {
      path: request.path,
      text: request.text,
      ...(request.defines ? { defines: request.defines } : {}),
      files: (path) =>
        skeletons.find((skeleton) => skeleton.header === path)?.text ?? request.include?.(path) ?? null,
      blobs: Object.fromEntries(skeletons.map(({ blob, bytes }) => [blob, bytes])),
    },
    request.library,
  );
  const { diagnostics } = built;
  if (!built.image) return { diagnostics, end: null, ...output, trace_pipe: '', sessions: [] };
  const name = request.path.replace(/^.*\//, '').replace(/\.c$/, '');
  const written = (): number => output.stdout.length;
  const run = execProgram(
    host,
    built.image,
    `${home}/${name}`,
    [`./${name}`, ...request.args],
    undefined,
    (userland) => prepare(userland, written, built.variables),
  );
  for (let calls = 1; ; calls++) {
    const step = run.next();
    if (step.done)
      return {
        diagnostics,
        end: step.value,
        ...output,
        trace_pipe: machine.bpf.tracePipe.map((line) => `${line}\n`).join(''),
        sessions: machine.recorder.sessions.map(({ session, target, reads }) => ({
          session,
          target,
          reads: reads.map(({ size, ret }) => ({ size, ret })),
        })),
      };
    yield { calls, reads: 0 };
  }
}
