/** Chooses the command and turns what it throws into an exit status: never a stack trace for a user's mistake. */
import packageJson from '../../package.json' with { type: 'json' };
import { BootError } from '../../src/engine/machine/boot.ts';
import { PROGRAM } from '../name.ts';
import { caseCommand } from './case.ts';
import { execCommand } from './exec.ts';
import { UsageError, didYouMean, parseOptions } from './options.ts';
import type { CliOptions } from './options.ts';
import { FAILED, compileCommand, complain, disasmCommand, runCommand } from './run.ts';
import { KernelOops } from '../../src/engine/iter/bpf_iter.ts';
import { failedReport, oopsDiagnostic } from '../../src/engine/machine/play.ts';
import { ModuleError } from '../../src/engine/module/module_error.ts';
import type { Diagnostic } from '../../src/protocol/diagnostics.ts';
import { shellCommand } from './shell.ts';
import type { Terminal } from './terminal.ts';
import { USAGE } from './usage.ts';
import { worldCommand } from './world.ts';

const USAGE_STATUS = 2;
const BUG_STATUS = 70;

type Command = (options: CliOptions, terminal: Terminal) => number;
const COMMANDS: Readonly<Record<string, Command>> = {
  run: (options, terminal) => runCommand(options, terminal, false),
  check: (options, terminal) => runCommand(options, terminal, true),
  compile: compileCommand,
  disasm: disasmCommand,
  exec: execCommand,
  world: worldCommand,
  case: caseCommand,
  shell: shellCommand,
};

function dispatch(argv: readonly string[], terminal: Terminal): number {
  const options = parseOptions(argv);
  if (options.version) {
    terminal.print(`${PROGRAM} ${packageJson.version}\n`);
    return 0;
  }
  if (options.help || options.command === 'help') {
    terminal.print(USAGE);
    return 0;
  }
  if (options.command === '') throw new UsageError('no command; see iterscope --help');
  const command = COMMANDS[options.command];
  if (!command)
    throw new UsageError(
      `unknown command '${options.command}'${didYouMean(options.command, Object.keys(COMMANDS))}`,
    );
  return command(options, terminal);
}

/** What is wrong with the kernel code of --module, when that is what an error says. */
function moduleFault(error: unknown): readonly Diagnostic[] | null {
  if (error instanceof ModuleError) return error.diagnostics;
  return error instanceof KernelOops ? [oopsDiagnostic(error, '')] : null;
}

function kernelCodeFailed(
  argv: readonly string[],
  terminal: Terminal,
  diagnostics: readonly Diagnostic[],
): number {
  const options = parseOptions(argv);
  const report = failedReport('compile', diagnostics);
  if (options.json) terminal.print(`${JSON.stringify(report, null, 1)}\n`);
  else complain(terminal, null, report, options);
  return FAILED;
}

/** @returns the exit status */
export function main(argv: readonly string[], terminal: Terminal): number {
  try {
    return dispatch(argv, terminal);
  } catch (error) {
    if (error instanceof UsageError || error instanceof BootError) {
      terminal.complain(`${PROGRAM}: ${error.message}`);
      return USAGE_STATUS;
    }
    const stopped = moduleFault(error);
    if (stopped) return kernelCodeFailed(argv, terminal, stopped);
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    terminal.complain(`${PROGRAM}: this is a bug in iterscope, not in your program: ${text}`);
    terminal.complain(`${PROGRAM}: to report it, send the command line and its files: ${argv.join(' ')}`);
    if (error instanceof Error && process.env['ITERSCOPE_DEBUG']) terminal.complain(error.stack ?? '');
    return BUG_STATUS;
  }
}
