/** `iterscope exec READER.c PROG.bpf.c... [-- ARGS]`: a program of user space that loads and reads iterators. */
import { formatDiagnostic } from './text.ts';
import { includeFrom, isObject, programText, readBytes } from './files.ts';
import { boot } from './machine_options.ts';
import { UsageError } from './options.ts';
import type { CliOptions } from './options.ts';
import { FAILED } from './run.ts';
import type { Terminal } from './terminal.ts';
import { PROGRAM } from '../name.ts';
import { userLibrary } from '../user_library.ts';
import type { Btf } from '../../src/engine/btf/parse.ts';
import { drain } from '../../src/engine/machine/play.ts';
import { objectPath, playExec } from '../../src/engine/machine/exec.ts';
import type { ExecOutcome, ObjectFile } from '../../src/engine/machine/exec.ts';
import { compileSource } from '../../src/engine/machine/program.ts';
import type { Diagnostic } from '../../src/protocol/diagnostics.ts';
import { latin1Encode, utf8Decode, utf8Encode, latin1Decode } from '../../src/shared/utf8.ts';

interface Compiled {
  readonly object: ObjectFile | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Lines of every C file, for messages. */
type Sources = Map<string, readonly string[]>;

function compileProgram(path: string, options: CliOptions, btf: Btf, sources: Sources): Compiled {
  const bytes = readBytes(path);
  if (isObject(bytes)) return { object: { path: path.replace(/^.*\//, ''), bytes }, diagnostics: [] };
  const text = programText(path, bytes);
  sources.set(path, text.split('\n'));
  const { object, diagnostics } = compileSource(
    { path, text, defines: options.defines },
    btf,
    includeFrom(path, options.includes),
  );
  return { object: object && { path: objectPath(path), bytes: object }, diagnostics };
}

const SIGNAL_TEXTS: Readonly<Record<number, string>> = {
  2: 'Interrupt',
  6: 'Aborted',
  9: 'Killed',
  11: 'Segmentation fault',
  13: 'Broken pipe',
  15: 'Terminated',
};

/** What a shell says of a program that a signal ended, and where in its source that was. */
function crashText({ end }: ExecOutcome): string {
  if (!end?.crash) return '';
  const { signal, location } = end.crash;
  const what =
    end.stopped === '' ? (SIGNAL_TEXTS[signal] ?? `Signal ${signal}`) : `${PROGRAM}: ${end.stopped}`;
  return location ? `${what}: ${location.file}:${location.line} in ${location.function}` : what;
}

function report(outcome: ExecOutcome): object {
  const { end, diagnostics, stdout, stderr, trace_pipe } = outcome;
  return {
    stage: end ? 'done' : 'compile',
    diagnostics,
    stdout: utf8Decode(latin1Encode(stdout)),
    stderr: utf8Decode(latin1Encode(stderr)),
    status: end?.status ?? null,
    signal: end?.crash?.signal ?? null,
    location: end?.crash?.location ?? null,
    stopped: end?.stopped ?? '',
    trace_pipe,
    sessions: outcome.sessions,
    instructions: end?.retired ?? 0,
  };
}

/** @returns the program's exit status, 128 + the signal that ended it; 1 when it was not run */
export function execCommand(options: CliOptions, terminal: Terminal): number {
  const [path, ...programs] = options.operands;
  if (path === undefined)
    throw new UsageError('exec needs READER.c, a C program, and the BPF programs it opens');
  const machine = boot(options);
  const { btf } = machine.kernel;
  const sources: Sources = new Map();
  const compiled = programs.map((program) => compileProgram(program, options, btf, sources));
  const text = utf8Decode(readBytes(path));
  sources.set(path, text.split('\n'));
  const nothing: ExecOutcome = {
    diagnostics: [],
    end: null,
    stdout: '',
    stderr: '',
    trace_pipe: '',
    sessions: [],
  };
  const objects = compiled.flatMap(({ object }) => (object ? [object] : []));
  const played =
    objects.length < compiled.length
      ? nothing
      : drain(
          playExec(machine, {
            path,
            text: latin1Decode(utf8Encode(text)),
            defines: options.defines,
            include: includeFrom(path, options.includes),
            objects,
            args: options.programArgs,
            library: userLibrary,
          }),
        );
  const outcome = {
    ...played,
    diagnostics: [...compiled.flatMap(({ diagnostics }) => diagnostics), ...played.diagnostics],
  };
  if (options.json) terminal.print(`${JSON.stringify(report(outcome), null, 1)}\n`);
  else {
    for (const diagnostic of outcome.diagnostics)
      terminal.complain(
        formatDiagnostic(diagnostic, sources.get(diagnostic.file)?.[diagnostic.line - 1] ?? null),
      );
    terminal.write(latin1Encode(outcome.stdout));
    if (outcome.stderr !== '') terminal.complain(utf8Decode(latin1Encode(outcome.stderr)).replace(/\n$/, ''));
    const crash = crashText(outcome);
    if (crash !== '') terminal.complain(crash);
  }
  return outcome.end ? outcome.end.status : FAILED;
}
