/**
 * Every call that a page may make of the engine. This interface is the whole API: message types derive
 * from it, and both workers (language, machine) serve it over the same protocol.
 */
import type { Diagnostic } from './diagnostics.ts';
import type { LanguageApi } from './language.ts';
import type { Moment } from './moment.ts';
import type { CallSteps, CourseQuestion, FieldChange, Look, LookQuestion, PeekStruct } from './peek.ts';
import type { ReaderFrame, ReaderResult } from './reader.ts';
import type { RunReport } from './report.ts';
import type { Scenario, ScenarioChange, WorldRef } from './scenario.ts';
import type { SceneColumns } from './scene_columns.ts';
import type { SessionTrace } from './trace.ts';
import type { MomentVariables, VariableValue } from './variables.ts';

/** One program of a loaded object, as the disassembly and the editor show it. */
export interface ProgramInfo {
  readonly name: string;
  readonly section: string;
  /** iter target, '' when the section is no iterator. */
  readonly target: string;
  readonly insns: readonly InsnInfo[];
  /** The context struct: `bpf_iter__task_file`. */
  readonly ctxType: string;
}

export interface InsnInfo {
  /** Text as the kernel prints it. Both halves of ld_imm64 have an entry; the second is empty. */
  readonly text: string;
  readonly file: string;
  /** From 1; 0: no line is known. */
  readonly line: number;
  readonly column: number;
}

/** A map that an iterator can be attached to. */
export interface MapInfo {
  readonly name: string;
  /** In small letters: hash, percpu_array. */
  readonly type: string;
  /** Targets that walk maps of this type. */
  readonly targets: readonly string[];
}

export interface CheckResult {
  readonly diagnostics: readonly Diagnostic[];
  readonly verdict: RunReport['verdict'];
  readonly programs: readonly ProgramInfo[];
  readonly maps: readonly MapInfo[];
  /** The step that failed, or 'done'. */
  readonly stage: RunReport['stage'];
}

/** What is seen of a session beside its callbacks. */
export interface SessionView {
  /** null: there is no picture of it. */
  readonly scene: SceneColumns | null;
  /** Address of the program's context struct; the same in every call. */
  readonly ctx: bigint;
}

export interface RunResult {
  readonly report: RunReport;
  readonly sessions: readonly SessionTrace[];
  /** One for each session. */
  readonly views: readonly SessionView[];
  readonly program: ProgramInfo | null;
  /** Set when the user cancelled: what is here is the beginning of the run. */
  readonly cancelled: boolean;
}

export interface WorldTask {
  readonly pid: number;
  readonly tgid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly kthread: boolean;
  readonly files: number;
  readonly vmas: number;
}

export interface WorldSummary {
  readonly name: string;
  readonly release: string;
  readonly tasks: readonly WorldTask[];
  readonly files: number;
  readonly vmas: number;
  readonly reader: number;
  /** Paths of all cgroups, the root's first. */
  readonly cgroups: readonly string[];
  /** What is wrong with it; '' when it was built. */
  readonly error: string;
}

/** A line of the kernel's algorithm, in our own pseudo-code. */
export interface PseudoLine {
  /** Unique: `read.start`, `task_file.next.fd`. */
  readonly id: string;
  readonly text: string;
  readonly indent: number;
}
export interface PseudoCode {
  readonly title: string;
  readonly lines: readonly PseudoLine[];
}

export interface ChangeResult {
  /** With the change in its journal; null when it cannot be made, and then nothing has changed. */
  readonly scenario: Scenario | null;
  /** What happens, in words; '' when it cannot be made. */
  readonly text: string;
  /** Why not, by the field that is wrong; '' when it was made. */
  readonly error: string;
}

/** What a line wrote to one channel of the terminal: text, one char for each byte. */
export interface ShellOutput {
  readonly channel: 'stdout' | 'stderr';
  readonly text: string;
}
export interface ShellResult {
  /** In the order in which it was written. */
  readonly output: readonly ShellOutput[];
  /** As `$?` shows it. */
  readonly status: number;
  /** The line said exit. */
  readonly exited: boolean;
  /** What stands before the next line. */
  readonly prompt: string;
  /** Iterators that the line opened and read: one trace for each open of a pin. */
  readonly sessions: readonly SessionTrace[];
  /** One for each of them. */
  readonly views: readonly SessionView[];
  /** With the line in its journal; unchanged when the line was cancelled. */
  readonly scenario: Scenario;
  /** The user cancelled: the line has not happened. */
  readonly cancelled: boolean;
  /** What is wrong with the world; '' when there is a shell. */
  readonly error: string;
}
/** What Tab offers: candidates for the part of the line between two places. */
export interface ShellCompletion {
  readonly start: number;
  readonly end: number;
  readonly candidates: readonly string[];
}

/** A moment before the first instruction of a line. */
export interface LineReached extends Moment {
  readonly insn: number;
  readonly line: number;
}
/** Where some of a run's callbacks come to a line. */
export interface LinesReached {
  /** In order. */
  readonly places: readonly LineReached[];
  /** The first callback that was not looked at; Infinity: there is none. */
  readonly until: number;
}

export interface EngineApi extends LanguageApi {
  /** Loads every part of the engine that is loaded when it is first needed. */
  prepare(args: Readonly<Record<string, never>>): null;
  /** Compiles and verifies; nothing is run. */
  check(args: { scenario: Scenario }): CheckResult;
  /** Boots the scenario's world and runs it to the end, recording. Slices; can be cancelled. */
  run(args: { scenario: Scenario }): RunResult;
  /** What there is to see at a moment of the last run, in one answer. */
  look(args: LookQuestion): Look;
  /** The instructions of the program call at a moment of the last run. */
  steps(args: { moment: Moment }): CallSteps;
  /** A struct as it is right after the call (before its first instruction, if insn is given) of a moment. */
  peek(args: { moment: Moment; struct: string; addr: bigint }): PeekStruct | null;
  /**
   * Variables and their values before the instruction of a moment of the last run; those of which nothing is
   * known are left out. Of a program that came as an object there are none.
   */
  values(args: { moment: Moment }): readonly VariableValue[];
  /** As `values`, with what stands beside the lines that have run in the moment's call. */
  variables(args: { moment: Moment }): MomentVariables;
  /**
   * Where the program of a session of the last run first comes to one of these lines, in each call that does.
   * Looks at some thousand callbacks, from one on.
   */
  reaches(args: { session: number; lines: readonly number[]; from: number }): LinesReached;
  /** The values of a field over a session of the last run from a callback on: the first, and 400 changes. */
  course(args: CourseQuestion): readonly FieldChange[];
  /** Adds a change to a scenario's journal, if it can be made at its moment: plays the scenario up to there. */
  change(args: { scenario: Scenario; change: ScenarioChange }): ChangeResult;
  /**
   * One line in the shell of a scenario's machine, after the lines in its journal. An empty line gives the
   * first prompt. Moments of its sessions are answered by `steps` and `peek` until the next run.
   */
  shell(args: { scenario: Scenario; line: string }): ShellResult;
  /**
   * Runs a reader program: C of user space that opens the scenario's program, attaches and reads it. Moments of
   * its sessions are answered by `steps` and `peek` until the next run.
   */
  exec(args: {
    scenario: Scenario;
    reader: { path: string; text: string };
    args?: readonly string[];
  }): ReaderResult;
  /**
   * The functions that run at some lines in a row of the last reader's run, the innermost first, with their
   * variables; null when there was none.
   */
  readerFrames(args: { from: number; count: number }): readonly (readonly ReaderFrame[])[] | null;
  /** What could stand at a place of a line. */
  complete(args: { scenario: Scenario; line: string; cursor: number }): ShellCompletion;
  /** What is in a world, or in a snapshot of a machine; or what is wrong with it. */
  world(args: { world: WorldRef; release?: string; btf?: Uint8Array }): WorldSummary;
  /** The algorithms shown in the kernel pane for a target; those of a target of the user's own are its C. */
  pseudoCode(args: { target: string; scenario?: Scenario }): readonly PseudoCode[];
}
export type Method = keyof EngineApi;
