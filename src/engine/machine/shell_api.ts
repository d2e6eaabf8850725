/**
 * The shell behind the protocol: a line at a time, in a machine that is kept between lines.
 *
 * Which machine that is follows from the scenario alone: when its journal is the one that the kept machine has
 * seen, the line continues there; else a new machine is booted and the journal typed again.
 */
import type { ShellCompletion, ShellResult } from '../../protocol/api.ts';
import type { ProgramSource, Scenario } from '../../protocol/scenario.ts';
import type { CallContext } from '../../protocol/server.ts';
import { latin1Decode, utf8Encode } from '../../shared/utf8.ts';
import type { LineResult, ShellSession } from '../shell/session.ts';
import type { OutsideFiles } from '../shell/host.ts';
import { BootError } from './boot.ts';
import type { Machine } from './boot.ts';
import { Filmings } from './filming.ts';
import type { Play } from './play.ts';
import { Rerun } from './player.ts';
import { Replay } from './replay.ts';
import { openShell } from './shell.ts';

export interface ShellDeps {
  readonly boot: (scenario: Scenario) => Machine;
  /** The object of the scenario's program, null when it does not compile. */
  readonly compile: (scenario: Scenario) => Uint8Array | null;
  /** Callbacks between two looks at the port. */
  readonly slice: number;
  /** Who answers for moments from now on. */
  readonly replayWith: (replay: Replay) => void;
}

/** Width that the page's terminal has at least. */
const COLUMNS = 80;

interface Kept {
  /** All but the journal. */
  readonly key: string;
  readonly lines: readonly string[];
  readonly machine: Machine;
  readonly session: ShellSession;
}

/** All of a scenario that decides how its machine boots; bytes by their length and sum. */
function machineKey(scenario: Scenario): string {
  const { reader } = scenario.options;
  return JSON.stringify({ ...scenario, shell: undefined, options: { reader } }, (_, value: unknown) =>
    value instanceof Uint8Array
      ? [value.length, value.reduce((sum, byte) => (sum * 31 + byte) % 0x7fff_ffff, 7)]
      : value,
  );
}

/** The files of a program, with its object beside it: `task.bpf.c` and `task.bpf.o`. */
function filesOf(source: ProgramSource, object: () => Uint8Array | null): OutsideFiles {
  const name = source.path.split('/').at(-1) ?? '';
  const compiled = name.endsWith('.c') ? name.replace(/\.c$/, '.o') : name;
  const texts: Readonly<Record<string, string>> = {
    ...source.files,
    ...(source.text === undefined ? {} : { [name]: source.text }),
  };
  const read = (path: string): Uint8Array | null => {
    const text = texts[path];
    return text === undefined ? (path === compiled ? object() : null) : utf8Encode(text);
  };
  return {
    read,
    size: (path) => read(path)?.length ?? null,
    list: (path) =>
      path === '' ? [...new Set([...Object.keys(texts), ...(object() ? [compiled] : [])])] : null,
  };
}

/** The lines of a journal, as a play: it pauses after each callback of the walks they start. */
function* typeLines(session: ShellSession, lines: readonly string[]): Play<void> {
  for (const line of lines) {
    const typing = session.line(line);
    for (let calls = 1; !typing.next().done; calls++) yield { calls, reads: 0 };
  }
}

export class ShellServer {
  private readonly deps: ShellDeps;
  private kept: Kept | null = null;

  constructor(deps: ShellDeps) {
    this.deps = deps;
  }

  private open(scenario: Scenario): Pick<Kept, 'machine' | 'session'> {
    const machine = this.deps.boot(scenario);
    const object = (): Uint8Array | null => this.deps.compile(scenario);
    const session = openShell(machine, filesOf(scenario.source, object), { columns: COLUMNS });
    return { machine, session };
  }

  /** The machine after the scenario's journal. @throws BootError */
  private at(scenario: Scenario): Kept {
    const lines = scenario.shell ?? [];
    const key = machineKey(scenario);
    const { kept } = this;
    const same =
      kept?.key === key &&
      kept.lines.length === lines.length &&
      lines.every((line, i) => line === kept.lines[i]);
    if (kept && same) return kept;
    const opened = this.open(scenario);
    for (const line of lines) opened.session.run(line);
    return (this.kept = { key, lines, ...opened });
  }

  async shell(
    { scenario, line }: { scenario: Scenario; line: string },
    context: CallContext,
  ): Promise<ShellResult> {
    const nothing = {
      output: [],
      status: 0,
      exited: false,
      prompt: '',
      sessions: [],
      views: [],
      scenario,
      cancelled: false,
      error: '',
    };
    let kept: Kept;
    try {
      kept = this.at(scenario);
    } catch (error) {
      if (!(error instanceof BootError)) throw error;
      return { ...nothing, error: error.message };
    }
    const { machine, session } = kept;
    if (line === '') return { ...nothing, prompt: session.prompt, status: session.status };
    const before = machine.recorder.sessions.length;
    const films = new Filmings(machine);
    const typing = session.line(line);
    let result: LineResult | null = null;
    for (let calls = 1; !result; calls++) {
      const step = typing.next();
      const drew = films.look();
      if (step.done) result = step.value;
      else if (calls % this.deps.slice === 0 || drew) {
        context.progress(calls, 0);
        await context.breathe();
        if (!context.cancelled()) continue;
        // What a line has half done cannot be taken back: the machine goes, the journal stays.
        this.kept = null;
        return { ...nothing, prompt: session.prompt, cancelled: true };
      }
    }
    const lines = [...(scenario.shell ?? []), line];
    const after = { ...scenario, shell: lines };
    this.kept = { ...kept, lines };
    this.deps.replayWith(
      new Replay(
        new Rerun(() => {
          const again = this.open(scenario);
          return { machine: again.machine, play: typeLines(again.session, lines) };
        }),
      ),
    );
    return {
      ...nothing,
      output: result.output.map(({ channel, bytes }) => ({ channel, text: latin1Decode(bytes) })),
      status: result.status,
      exited: result.exited,
      prompt: session.prompt,
      sessions: machine.recorder.sessions.slice(before).map((each) => each.trace()),
      views: machine.recorder.sessions.slice(before).map((each) => films.of(each)),
      scenario: after,
    };
  }

  complete({
    scenario,
    line,
    cursor,
  }: {
    scenario: Scenario;
    line: string;
    cursor: number;
  }): ShellCompletion {
    try {
      return this.at(scenario).session.complete(line, cursor);
    } catch (error) {
      if (!(error instanceof BootError)) throw error;
      return { start: cursor, end: cursor, candidates: [] };
    }
  }
}
