/** Reader programs behind the protocol: the scenario's program is the object, the reader comes with the call. */
import type { ReaderResult } from '../../protocol/reader.ts';
import type { Scenario } from '../../protocol/scenario.ts';
import type { CallContext } from '../../protocol/server.ts';
import { ReaderRecorder } from '../trace/reader_recorder.ts';
import { stepRecorder } from '../user/steps.ts';
import type { StepSink } from '../user/steps.ts';
import { VariableWatch } from '../user/variables.ts';
import { BootError } from './boot.ts';
import type { Machine } from './boot.ts';
import { Filmings } from './filming.ts';
import { objectPath, playExec } from './exec.ts';
import type { ExecOutcome, ExecRequest } from './exec.ts';
import type { LinkInput } from '../image/link.ts';
import type { Compiled } from './program.ts';
import type { Play } from './play.ts';
import { Rerun } from './player.ts';
import { ReaderFrames } from './reader_frames.ts';
import { Replay } from './replay.ts';

export interface ExecDeps {
  readonly boot: (scenario: Scenario) => Machine;
  readonly compile: (scenario: Scenario) => Compiled;
  readonly library?: (() => Promise<readonly LinkInput[]>) | undefined;
  /** Pauses between two looks at the port. */
  readonly slice: number;
  /** Who answers for moments from now on. */
  readonly replayWith: (replay: Replay) => void;
  /** Who knows the reader's functions from now on. */
  readonly framesWith: (frames: ReaderFrames) => void;
}

export interface ReaderSource {
  readonly path: string;
  readonly text: string;
}

const NOTHING: ReaderResult = {
  diagnostics: [],
  stdout: '',
  stderr: '',
  status: null,
  crash: null,
  trace: null,
  sessions: [],
  views: [],
  cancelled: false,
};

function resultOf(
  machine: Machine,
  outcome: ExecOutcome,
  recorder: ReaderRecorder,
  films: Filmings,
): ReaderResult {
  const { diagnostics, stdout, stderr, end } = outcome;
  return {
    ...NOTHING,
    diagnostics,
    stdout,
    stderr,
    status: end?.status ?? null,
    crash: end?.crash
      ? { signal: end.crash.signal, location: end.crash.location, stopped: end.stopped }
      : null,
    trace: end ? recorder.trace() : null,
    sessions: machine.recorder.sessions.map((session) => session.trace()),
    views: machine.recorder.sessions.map((session) => films.of(session)),
  };
}

/** Compiles both programs and runs the reader, recording its lines and the callbacks of its reads. */
export async function execReader(
  deps: ExecDeps,
  args: { readonly scenario: Scenario; readonly reader: ReaderSource; readonly args?: readonly string[] },
  context: CallContext,
): Promise<ReaderResult> {
  const { scenario, reader } = args;
  const compiled = deps.compile(scenario);
  if (!compiled.object) return { ...NOTHING, diagnostics: compiled.diagnostics };
  const library = await deps.library?.();
  const request: ExecRequest = {
    ...(library ? { library } : {}),
    ...reader,
    ...(scenario.source.defines ? { defines: scenario.source.defines } : {}),
    include: (path) => scenario.source.files?.[path] ?? null,
    objects: [{ path: objectPath(scenario.source.path), bytes: compiled.object }],
    args: args.args ?? [],
  };
  let machine: Machine;
  try {
    machine = deps.boot(scenario);
  } catch (error) {
    if (!(error instanceof BootError)) throw error;
    return { ...NOTHING, stderr: `${error.message}\n` };
  }
  const recorder = new ReaderRecorder(machine.recorder);
  const films = new Filmings(machine);
  const watched = (on: Machine, sink: StepSink): Play<ExecOutcome> =>
    playExec(on, request, (userland, written, variables) => {
      userland.onInsn = stepRecorder(sink, written, new VariableWatch(variables));
    });
  const play = watched(machine, recorder);
  for (let pauses = 1; ; pauses++) {
    const step = play.next();
    const drew = films.look();
    if (step.done) {
      deps.replayWith(
        new Replay(
          new Rerun(() => {
            const again = deps.boot(scenario);
            return { machine: again, play: playExec(again, request) };
          }),
        ),
      );
      deps.framesWith(new ReaderFrames((sink) => watched(deps.boot(scenario), sink)));
      return resultOf(machine, step.value, recorder, films);
    }
    if (pauses % deps.slice !== 0 && !drew) continue;
    context.progress(pauses, 0);
    await context.breathe();
    if (context.cancelled()) return { ...NOTHING, trace: recorder.trace(), cancelled: true };
  }
}
