/** `iterscope run`, `check`, `compile` and `disasm`: one program, from its file to what it prints. */

import { PROGRAM } from '../name.ts';
import { drain, failedReport, playObject } from '../../src/engine/machine/play.ts';
import { compileSource, programInfo } from '../../src/engine/machine/program.ts';
import type { Compiled, LoadOutcome } from '../../src/engine/machine/program.ts';
import type { Btf } from '../../src/engine/btf/parse.ts';
import type { Machine } from '../../src/engine/machine/boot.ts';
import type { Diagnostic } from '../../src/protocol/diagnostics.ts';
import type { ProgramInfo } from '../../src/protocol/api.ts';
import type { RunReport } from '../../src/protocol/report.ts';
import { latin1Encode } from '../../src/shared/utf8.ts';
import { includeFrom, isObject, programText, readBytes, readText, writeTo } from './files.ts';
import { boot, releaseNote, types } from './machine_options.ts';
import { UsageError } from './options.ts';
import type { CliOptions } from './options.ts';
import type { Terminal } from './terminal.ts';
import { explain, formatDiagnostic } from './text.ts';

export const DONE = 0;
export const FAILED = 1;

interface Source extends Compiled {
  readonly path: string;
  /** Lines of the C text, or null for an object. */
  readonly lines: readonly string[] | null;
}

function theFile(options: CliOptions): string {
  const [path, ...more] = options.operands;
  if (path === undefined) throw new UsageError(`${options.command} needs a FILE: a C program or an object`);
  if (more.length > 0)
    throw new UsageError(`${options.command} takes one FILE, but got ${options.operands.length}`);
  return path;
}

function readSource(options: CliOptions, btf: Btf): Source {
  const path = theFile(options);
  const bytes = readBytes(path);
  if (isObject(bytes)) return { path, lines: null, object: bytes, diagnostics: [] };
  const text = programText(path, bytes);
  const source = { path, text, defines: options.defines, ...options.compile };
  const compiled = compileSource(source, btf, includeFrom(path, options.includes));
  return { path, lines: text.split('\n'), ...compiled };
}

/** A line of a C file that a message points to, or null. */
function lineOf({ file, line }: Diagnostic, source: Source | null, { module }: CliOptions): string | null {
  if (file === source?.path) return source.lines?.[line - 1] ?? null;
  return file === module ? (readText(module).split('\n')[line - 1] ?? null) : null;
}

/** Says what a run found. @param source null: it did not get that far */
export function complain(
  terminal: Terminal,
  source: Source | null,
  report: RunReport,
  options: CliOptions,
): void {
  for (const diagnostic of report.diagnostics)
    terminal.complain(formatDiagnostic(diagnostic, lineOf(diagnostic, source, options)));
  if (report.module && report.module.log !== '') terminal.complain(report.module.log.trimEnd());
  const log = report.verdict?.log ?? '';
  if (log !== '' && (!report.verdict?.accepted || (options.run.logLevel ?? 0) > 0))
    terminal.complain(log.trimEnd());
  if (report.trace_pipe !== '') terminal.complain(report.trace_pipe.trimEnd());
  const sentence = explain(report);
  if (sentence !== '') terminal.complain(`${PROGRAM}: ${sentence}`);
}

/** Compiles, loads and (unless only checking) runs. @returns the exit status */
export function runCommand(options: CliOptions, terminal: Terminal, checkOnly: boolean): number {
  const machine = boot(options);
  const note = releaseNote(machine, options);
  if (note !== '') terminal.complain(`${PROGRAM}: ${note}`);
  const source = readSource(options, machine.kernel.btf);
  const report = source.object
    ? drain(
        playObject(machine, source.path, source.object, { ...options.run, checkOnly }, source.diagnostics),
      ).report
    : failedReport('compile', source.diagnostics);
  if (options.json) terminal.print(`${JSON.stringify(report, null, 1)}\n`);
  else {
    terminal.write(latin1Encode(report.output));
    complain(terminal, source, report, options);
    if (checkOnly && report.stage === 'done')
      terminal.complain(`${PROGRAM}: ${report.verdict ? 'accepted' : 'there is no program to verify'}`);
  }
  return report.stage === 'done' ? DONE : FAILED;
}

export function compileCommand(options: CliOptions, terminal: Terminal): number {
  if (options.output === null) throw new UsageError('compile needs -o OUT.bpf.o');
  const source = readSource(options, types(options));
  const report = failedReport(source.object ? 'done' : 'compile', source.diagnostics);
  if (options.json) terminal.print(`${JSON.stringify(report, null, 1)}\n`);
  else complain(terminal, source, report, options);
  if (!source.object) return FAILED;
  writeTo(options.output, source.object);
  return DONE;
}

/** Instructions of every program, after relocation, with the source lines they come from. */
export function disasmCommand(options: CliOptions, terminal: Terminal): number {
  const machine = boot(options);
  const source = readSource(options, machine.kernel.btf);
  if (!source.object) {
    const report = failedReport('compile', source.diagnostics);
    if (options.json) terminal.print(disasmJson(report, []));
    else complain(terminal, source, report, options);
    return FAILED;
  }
  const { outcome, report } = drain(
    playObject(machine, source.path, source.object, { ...options.run, checkOnly: true }, source.diagnostics),
  );
  const infos = disassemble(outcome, machine);
  if (options.json) {
    terminal.print(disasmJson(report, infos));
    return infos.length === 0 ? FAILED : DONE;
  }
  for (const info of infos) {
    terminal.print(`${info.section}: ${info.name}\n`);
    let last = '';
    info.insns.forEach((insn, i) => {
      const where = insn.line > 0 ? `${insn.file}:${insn.line}` : '';
      const text = insn.file === source.path ? (source.lines?.[insn.line - 1]?.trim() ?? '') : '';
      if (where !== '' && where !== last) terminal.print(`; ${text === '' ? where : `${text} @ ${where}`}\n`);
      if (where !== '') last = where;
      if (insn.text !== '') terminal.print(`${String(i).padStart(5)}: ${insn.text}\n`);
    });
    terminal.print('\n');
  }
  if (infos.length === 0) complain(terminal, source, report, options);
  return infos.length === 0 ? FAILED : DONE;
}

const disasmJson = ({ stage, diagnostics }: RunReport, programs: readonly ProgramInfo[]): string =>
  `${JSON.stringify({ stage, diagnostics, programs }, null, 1)}\n`;

const disassemble = (outcome: LoadOutcome, machine: Machine) => {
  const { object } = outcome;
  return object ? outcome.programs.map((program) => programInfo(program, object, machine.kernel.btf)) : [];
};
