/**
 * From source or object to programs in the kernel: compile, open, set globals, load. Each step that fails
 * ends it, with what was said as diagnostics.
 */
import type { InsnInfo, ProgramInfo } from '../../protocol/api.ts';
import { findingAbout } from '../../protocol/diagnostics.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { RunReport, Stage } from '../../protocol/report.ts';
import type { ProgramSource } from '../../protocol/scenario.ts';
import type { VariableRange } from '../../protocol/variables.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { kernelConfig } from '../kernel/config.ts';
import { LD_IMM64 } from '../abi/opcode.ts';
import { disasmInsn } from '../abi/disasm.ts';
import type { Btf } from '../btf/parse.ts';
import { compile } from '../cc/compile.ts';
import type { CompileInput } from '../cc/compile.ts';
import { loadObject } from '../libbpf/load.ts';
import type { LoadedObject, ProgramLoad } from '../libbpf/load.ts';
import type { LinkedProgram } from '../libbpf/link_progs.ts';
import type { BpfObject } from '../libbpf/object.ts';
import { openObject } from '../libbpf/open.ts';
import { errnoOrNull } from './boot.ts';
import type { Machine } from './boot.ts';
import { openPerfBuffers, setGlobal } from './globals.ts';

export interface Compiled {
  readonly object: Uint8Array | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Finds what #include names. */
export type IncludeFile = (path: string) => string | null;

const inputOf = (source: ProgramSource, kernelBtf: Btf, include: IncludeFile): CompileInput => ({
  path: source.path,
  text: source.text ?? '',
  files: (path) => source.files?.[path] ?? include(path),
  defines: source.defines ?? {},
  kernelBtf,
  ...(source.warnings && { warnings: source.warnings }),
  ...(source.cpu && { cpu: source.cpu }),
  ...(source.optimise !== undefined && { optimise: source.optimise }),
});

/** An object file, from C or as it is given. */
export function compileSource(
  source: ProgramSource,
  kernelBtf: Btf,
  include: IncludeFile = () => null,
): Compiled {
  if (source.object) return { object: source.object, diagnostics: [] };
  return compile(inputOf(source, kernelBtf, include));
}

/** Where the variables of a source are in its object; of an object that is given nothing is known. */
export const compileVariables = (source: ProgramSource, kernelBtf: Btf): readonly VariableRange[] =>
  source.object ? [] : compile({ ...inputOf(source, kernelBtf, () => null), variables: true }).variables;

export interface LoadOutcome {
  readonly stage: Stage;
  readonly diagnostics: readonly Diagnostic[];
  readonly verdict: RunReport['verdict'];
  readonly loaded: LoadedObject | null;
  /** The object after open, or null when it could not be opened. */
  readonly object: BpfObject | null;
  /** Programs the kernel has seen, or would have. */
  readonly programs: readonly LinkedProgram[];
  /** What libbpf printed. */
  readonly messages: readonly string[];
  /** What libbpf's open or load returned. */
  readonly errno: NegErrno;
}

export interface LoadRequest {
  readonly path: string;
  readonly object: Uint8Array;
  readonly set?: readonly (readonly [string, string])[] | undefined;
  readonly logLevel?: number | undefined;
}

const said = (
  messages: readonly string[],
  path: string,
  severity: Diagnostic['severity'] = 'error',
): Diagnostic[] =>
  messages.map((message) => findingAbout('libbpf', path, message.replace(/\n$/, ''), severity));

/** Opens and loads an object. User mistakes are data. */
export function loadProgram(machine: Machine, request: LoadRequest): LoadOutcome {
  const { path } = request;
  const nothing = { verdict: null, loaded: null, object: null, programs: [] };
  const opened = openObject(request.object, { path });
  if (!opened.ok)
    return {
      ...nothing,
      stage: 'open',
      diagnostics: said(opened.messages, path),
      messages: opened.messages,
      errno: opened.errno,
    };
  const { object } = opened;
  for (const [name, value] of request.set ?? []) {
    const wrong = setGlobal(object, name, value);
    if (wrong !== '')
      return {
        ...nothing,
        stage: 'open',
        diagnostics: said([wrong], path),
        messages: opened.messages,
        errno: fail('EINVAL'),
      };
  }
  const { kernel, syscall } = machine;
  const result = loadObject(object, {
    kernel: {
      btf: kernel.btf,
      symbols: kernel.symbols,
      release: uname(machine),
      config: kernelConfig(machine.release, machine.world.config),
    },
    sys: syscall,
    logLevel: request.logLevel ?? 0,
    ownLog: true,
  });
  const messages = [...opened.messages, ...result.messages];
  if (result.ok) {
    openPerfBuffers(result.loaded, syscall);
    const log = result.loaded.programs.map((p) => p.log).join('');
    return {
      stage: 'done',
      diagnostics: said(result.messages, path, 'warning'),
      verdict: { accepted: true, errno: null, log },
      loaded: result.loaded,
      object,
      programs: result.loaded.programs.map((p) => p.program),
      messages,
      errno: 0,
    };
  }
  const refused = result.programs.find((p) => p.ret < 0);
  return {
    stage: 'load',
    diagnostics: refused
      ? [rejection(object, refused), ...said(result.messages, path)]
      : said(result.messages, path),
    verdict: refused ? { accepted: false, errno: errnoOrNull(refused.ret), log: refused.log } : null,
    loaded: null,
    object,
    programs: result.programs.map((p) => p.program),
    messages,
    errno: result.errno,
  };
}

/** As `uname -r` prints it, or the release alone where the world does not say. */
const uname = ({ world, kernel }: Machine): string => world.uname.release || kernel.release;

/** The verifier's refusal, at the source line of the instruction it stopped at. */
function rejection(object: BpfObject, { program, log }: ProgramLoad): Diagnostic {
  const lines = log.split('\n').filter((line) => line !== '' && !line.startsWith('processed '));
  const at = Number(lines.findLast((line) => /^\d+: \(/.test(line))?.split(':')[0] ?? -1);
  const info = program.lineInfo.findLast((row) => row.insnOff <= at);
  const line = at >= 0 ? (info?.line ?? 0) : 0;
  const column = info?.column ?? 0;
  return {
    source: 'verifier',
    severity: 'error',
    file: info ? (object.btf?.string(info.fileNameOff) ?? object.path) : object.path,
    line,
    column,
    endLine: line,
    endColumn: column + 1,
    message: lines.at(-1) ?? 'the program was refused',
    notes: at >= 0 ? [`at instruction ${at} of ${program.spec.name}`] : [],
  };
}

/** A program as the disassembly shows it. */
export function programInfo(program: LinkedProgram, object: BpfObject, kernelBtf: Btf): ProgramInfo {
  const { spec, insns, lineInfo } = program;
  const target = /^iter(?:\.s)?\/(.+)$/.exec(spec.section)?.[1] ?? '';
  let row = 0;
  return {
    name: spec.name,
    section: spec.section,
    target,
    ctxType: target === '' ? '' : `bpf_iter__${target}`,
    insns: insns.map((insn, i): InsnInfo => {
      while (row + 1 < lineInfo.length && (lineInfo[row + 1]?.insnOff ?? 0) <= i) row++;
      const line =
        lineInfo[row]?.insnOff !== undefined && (lineInfo[row]?.insnOff ?? 0) <= i
          ? lineInfo[row]
          : undefined;
      const isSecondHalf = i > 0 && insns[i - 1]?.code === LD_IMM64;
      return {
        text: isSecondHalf
          ? ''
          : disasmInsn(insn, {
              next: insns[i + 1],
              kfuncName: (call) => kernelBtf.nameOf(call.imm) || undefined,
            }),
        file: line ? (object.btf?.string(line.fileNameOff) ?? '') : '',
        line: line?.line ?? 0,
        column: line?.column ?? 0,
      };
    }),
  };
}

/** The program to attach: the one named, or the object's first iterator. */
export function chooseProgram(loaded: LoadedObject, name: string | undefined): ProgramLoad | null {
  const found = loaded.programs.find(({ program }) =>
    name === undefined ? /^iter(\.s)?\//.test(program.spec.section) : program.spec.name === name,
  );
  return found ?? null;
}
