/** A shell over a machine: what the shell is given, put together. */
import { formatDiagnostic } from './diagnostic_text.ts';
import { compile } from '../cc/compile.ts';
import { ProgramAbort } from '../iter/bpf_iter.ts';
import { WorldError } from '../kernel/world.ts';
import { Aborted, NO_OUTSIDE_FILES } from '../shell/host.ts';
import type { CompileAnswer, CompileRequest, OutsideFiles, ShellHost } from '../shell/host.ts';
import { ShellSession } from '../shell/session.ts';
import type { ShellOptions } from '../shell/session.ts';
import type { Machine } from './boot.ts';
import { abortText, readOnce } from './play.ts';

/** The kernel's answer to a read(2), with what the world's script does around it. @throws Aborted */
function* readIterator(machine: Machine, fd: number, size: number) {
  try {
    return yield* readOnce(machine, fd, size, 0);
  } catch (error) {
    if (error instanceof ProgramAbort) throw new Aborted(abortText(error));
    if (error instanceof WorldError) throw new Aborted(error.message);
    throw error;
  }
}

function compileFor(
  machine: Machine,
  { path, text, defines, warnings, include }: CompileRequest,
): CompileAnswer {
  const lines = text.split('\n');
  const { object, diagnostics } = compile({
    path,
    text,
    files: include,
    defines,
    warnings,
    kernelBtf: machine.kernel.btf,
  });
  const said = diagnostics.map((each) =>
    formatDiagnostic(each, each.file === path ? (lines[each.line - 1] ?? null) : null),
  );
  return { object, messages: said.map((message) => `${message}\n`).join('') };
}

/** What programs of user space are given: those of the shell, and the user's own. */
export function shellHost(machine: Machine, outside: OutsideFiles): ShellHost {
  const { sys, syscall, world } = machine;
  const release = world.uname.release === '' ? `${machine.kernel.release}.0` : world.uname.release;
  return {
    sys,
    syscall,
    files: machine.files,
    uname: { ...world.uname, release },
    kernelInfo: { btf: machine.kernel.btf, symbols: machine.kernel.symbols, release, config: null },
    outside,
    read: (fd, size) => readIterator(machine, fd, size),
    compile: (request) => compileFor(machine, request),
  };
}

/** @param outside the folder that the user works in */
export const openShell = (
  machine: Machine,
  outside: OutsideFiles = NO_OUTSIDE_FILES,
  options: ShellOptions = {},
): ShellSession => new ShellSession(shellHost(machine, outside), options);
