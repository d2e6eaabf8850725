/**
 * The engine behind the protocol: what both workers of the page serve.
 *
 * A scenario is compiled once; the object is kept for replays. Nothing here has a logic of its own: the
 * command line drives the same functions.
 */
import type {
  CheckResult,
  MapInfo,
  ProgramInfo,
  PseudoCode,
  RunResult,
  WorldSummary,
} from '../protocol/api.ts';
import { findingAbout } from '../protocol/diagnostics.ts';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { Look } from '../protocol/peek.ts';
import type { Scenario, WorldRef } from '../protocol/scenario.ts';
import type { Scene } from '../protocol/scene.ts';
import type { CallContext, ServedApi } from '../protocol/server.ts';
import { sceneOf } from './scene/scene.ts';
import { stripScene } from './scene/strip.ts';
import type { Btf } from './btf/parse.ts';
import { must } from '../shared/assert.ts';
import { MAP_TYPE_NAMES } from './abi/uapi.ts';
import { seqReadCode } from './iter/pseudo_code.ts';
import { TARGETS } from './iter/targets/index.ts';
import { BootError, bootKernel, bootMachine, kernelTypes, readWorld } from './machine/boot.ts';
import type { Machine } from './machine/boot.ts';
import { failedReport, playObject } from './machine/play.ts';
import type { Outcome, Play, WhenReady } from './machine/play.ts';
import { compileSource, programInfo } from './machine/program.ts';
import type { Compiled, LoadOutcome } from './machine/program.ts';
import { languageMethods } from './machine/language_api.ts';
import type { KernelCodes, MadeCode } from './machine/kernel_code.ts';
import { lookAt } from './machine/look.ts';
import type { LineValues } from './machine/line_values.ts';
import type { MapsView } from './machine/look_maps.ts';
import { Filming } from './machine/filming.ts';
import { Rerun, Spliced } from './machine/player.ts';
import type { ReaderFrames } from './machine/reader_frames.ts';
import { Replay } from './machine/replay.ts';
import { Tape, canWind } from './machine/tape.ts';
import type { ProgramValues } from './machine/values.ts';
import type { Resources } from './machine/resources.ts';
import { tryChange } from './machine/try_change.ts';
import type { ShellServer } from './machine/shell_api.ts';
import { summarize, summarizeBig } from './machine/summary.ts';
import { smallestBig } from './kernel/big_world.ts';
import type { World } from './kernel/world.ts';

/** Callbacks between two looks at the port. */
const SLICE = 64;
/** Callbacks that are looked through for a line in one call: some ten milliseconds. */
const REACHED_AT_ONCE = 2_000;
const COURSE_MOST = 401;
/** Before the first run. */
const NOTHING_SEEN: Look = {
  ctx: null,
  meta: null,
  object: null,
  watched: [],
  maps: null,
  steps: null,
  variables: null,
};

const bootOptions = (scenario: Scenario) => ({
  world: scenario.world,
  release: scenario.release,
  seed: scenario.seed,
  reader: scenario.options.reader,
  changes: scenario.changes,
});

/** A machine that cannot be booted is the user's mistake: shown like any other. */
const bootDiagnostics = (world: WorldRef, { message, diagnostics }: BootError): readonly Diagnostic[] =>
  diagnostics ?? [findingAbout('libbpf', world.name, message)];

/** The types of a scenario: blobs of other kernels are copies whenever they come, and are read once. */
function typesOf(resources: Resources): (blob: Uint8Array | undefined) => Uint8Array | undefined {
  let last: Uint8Array | undefined;
  return (blob) => {
    if (!blob) return undefined;
    const same = last?.length === blob.length && blob.every((byte, i) => byte === last?.[i]);
    if (!same) {
      kernelTypes(resources, { btf: blob });
      last = blob;
    }
    return last;
  };
}

/** Worlds made from a number are alike but for their size, which neither a verdict nor a summary needs built. */
const smallestOf = (ref: WorldRef): WorldRef => {
  const name = 'text' in ref ? null : smallestBig(ref.name);
  return name === null ? ref : { name };
};

export function createEngineApi(resources: Resources): ServedApi {
  const known = typesOf(resources);
  const worlds = new Map<string, World>();
  const compiled = new Map<string, Compiled>();
  /** Types that `compiled` was made with: those of the last scenario. */
  let compiledFor: Btf | null = null;
  let replay: Replay | null = null;
  /** Of the program that `replay` plays. */
  let values: () => Promise<ProgramValues | null> = () => Promise.resolve(null);
  /** The program of the last run: its text, and its instructions with their lines. */
  let shown: {
    readonly path: string;
    readonly text: string;
    readonly insns: ProgramInfo['insns'];
  } | null = null;
  /** What the last run has loaded itself; its maps have their full names there. */
  let loaded: LoadOutcome['loaded'] = null;
  /** Of the last reader that ran. */
  let frames: ReaderFrames | null = null;
  const replayWith = (next: Replay): void => {
    replay = next;
    loaded = null;
    values = () => Promise.resolve(null);
  };

  /** Reading a world is most of its cost after the first time; building it is done anew for each run. */
  const worldOf = (ref: WorldRef): World => {
    const key = 'text' in ref ? `${ref.name}\n${ref.text}` : ref.name;
    let world = worlds.get(key);
    if (!world) {
      worlds.clear();
      worlds.set(key, (world = readWorld(ref, resources)));
    }
    return world;
  };

  let codes: KernelCodes | null = null;
  /** Loads what kernel code needs, before a scenario that has some is looked at. */
  const ready = async ({ module }: Scenario): Promise<void> => {
    if (module) codes ??= new (await import('./machine/kernel_code.ts')).KernelCodes();
  };
  const ownTypes = (scenario: Scenario): Btf => {
    const blob = known(scenario.btf);
    return kernelTypes(resources, blob ? { btf: blob } : {});
  };
  const kernelCode = (scenario: Scenario): MadeCode | null =>
    scenario.module ? must(codes, 'ready').of(scenario.module, ownTypes(scenario)) : null;

  const compileOnce = (scenario: Scenario): Compiled => {
    const { source } = scenario;
    const module = kernelCode(scenario);
    if (module && !module.code) return { object: null, diagnostics: module.diagnostics };
    const types = module?.types ?? ownTypes(scenario);
    if (types !== compiledFor) {
      compiled.clear();
      compiledFor = types;
    }
    if (source.object) return { object: source.object, diagnostics: module?.diagnostics ?? [] };
    const key = JSON.stringify({ ...source, object: undefined });
    let result = compiled.get(key);
    if (!result) {
      if (compiled.size > 8) compiled.clear();
      const { object, diagnostics } = compileSource(source, types);
      result = { object, diagnostics: [...(module?.diagnostics ?? []), ...diagnostics] };
      compiled.set(key, result);
    }
    return result;
  };

  const bootFor = (scenario: Scenario): Machine => {
    const module = kernelCode(scenario)?.code;
    const options = { ...bootOptions(scenario), btf: known(scenario.btf), ...(module && { module }) };
    return bootMachine(resources, options, worldOf(scenario.world));
  };

  type Played = Outcome & { readonly outcome: LoadOutcome };
  const playFor = (machine: Machine, scenario: Scenario, object: Compiled, ready: WhenReady): Play<Played> =>
    playObject(
      machine,
      scenario.source.path,
      object.object ?? new Uint8Array(0),
      scenario.options,
      object.diagnostics,
      ready,
    );

  const programs = (outcome: LoadOutcome, machine: Machine) => {
    const { loaded } = outcome;
    const object = loaded?.object ?? outcome.object;
    return object ? outcome.programs.map((program) => programInfo(program, object, machine.kernel.btf)) : [];
  };

  const walkableMaps = ({ object }: LoadOutcome): readonly MapInfo[] =>
    (object?.maps ?? []).flatMap(({ name, origin, def }) => {
      const targets = TARGETS.filter(({ mapTypes }) => mapTypes?.has(def.type)).map(({ target }) => target);
      const type = MAP_TYPE_NAMES[def.type]?.toLowerCase() ?? '';
      return origin === 'maps' && targets.length > 0 ? [{ name, type, targets }] : [];
    });

  async function check({ scenario }: { scenario: Scenario }): Promise<CheckResult> {
    await ready(scenario);
    const object = compileOnce(scenario);
    const nothing = { verdict: null, programs: [], maps: [] };
    if (!object.object) return { ...nothing, stage: 'compile', diagnostics: object.diagnostics };
    try {
      const options = { ...scenario.options, checkOnly: true };
      // A reader of the user's choice may not be in a smaller world.
      const world = options.reader === undefined ? smallestOf(scenario.world) : scenario.world;
      const checked = { ...scenario, world, options };
      const machine = bootFor(checked);
      const play = playFor(machine, checked, object, () => undefined);
      const step = play.next();
      if (!step.done) throw new Error('a check does not pause');
      const { report, outcome } = step.value;
      return {
        stage: report.stage,
        diagnostics: report.diagnostics,
        verdict: report.verdict,
        programs: programs(outcome, machine),
        maps: walkableMaps(outcome),
      };
    } catch (error) {
      if (!(error instanceof BootError)) throw error;
      return { ...nothing, stage: 'open', diagnostics: bootDiagnostics(scenario.world, error) };
    }
  }

  /** The picture of a target without one of its own, walked on a machine that is then thrown away. */
  const strip = (scenario: Scenario, object: Compiled): Scene | null => {
    const machine = bootFor(scenario);
    let scene: Scene | null = null;
    const draw = (): void => {
      const [session] = machine.sys.fds.openSessions;
      if (session) scene = stripScene(session);
    };
    playFor(machine, scenario, object, draw).next();
    return scene;
  };

  async function run({ scenario }: { scenario: Scenario }, context: CallContext): Promise<RunResult> {
    const nothing = { sessions: [], views: [], program: null, cancelled: false };
    await ready(scenario);
    const object = compileOnce(scenario);
    if (!object.object) return { ...nothing, report: failedReport('compile', object.diagnostics) };
    let machine: Machine;
    // Two machines of a large world at a time would be too much.
    replay = null;
    loaded = null;
    try {
      machine = bootFor(scenario);
    } catch (error) {
      if (!(error instanceof BootError)) throw error;
      return { ...nothing, report: failedReport('open', bootDiagnostics(scenario.world, error)) };
    }
    let films: readonly Filming[] = [];
    let winds = false;
    const play = playFor(machine, scenario, object, () => {
      films = machine.sys.fds.openSessions.map(
        (session) => new Filming(session, sceneOf(session) ?? strip(scenario, object)),
      );
      // What kernel code has not given back is known when all is closed.
      winds = !machine.module && canWind(machine);
      return winds ? 'stay open' : undefined;
    });
    let tape: Tape | null = null;
    const rerun = new Rerun(() => {
      const again = bootFor(scenario);
      return { machine: again, play: playFor(again, scenario, object, () => undefined) };
    });
    const lookBack = (): void => {
      const wound = tape?.isUsable ? tape : null;
      replay = new Replay(!wound ? rerun : wound.isWhole ? wound : new Spliced(rerun, wound));
    };
    const recorded = () => {
      const views = films.map((film) => film.view());
      // What looks back later would keep every node of every picture alive.
      films = [];
      return { sessions: machine.recorder.sessions.map((session) => session.trace()), views };
    };
    for (let calls = 1; ; calls++) {
      const step = play.next();
      const drew = films.filter((film) => film.look()).length > 0;
      if (calls === 1 && winds && !step.done) tape = new Tape(machine);
      if (tape && !step.done && !tape.see()) tape = null;
      if (step.done) {
        const { report, program, outcome } = step.value;
        lookBack();
        ({ loaded } = outcome);
        const made = async (): Promise<ProgramValues | null> => {
          const { ProgramValues } = await import('./machine/values.ts');
          return program && outcome.object
            ? new ProgramValues(scenario.source, machine.kernel.btf, program.program, outcome.object)
            : null;
        };
        let kept: Promise<ProgramValues | null> | null = null;
        values = () => (kept ??= made());
        const infos = programs(outcome, machine);
        const info = infos.find(({ name }) => name === program?.program.spec.name) ?? null;
        const { path, text = '' } = scenario.source;
        shown = info && { path, text, insns: info.insns };
        return { report, ...recorded(), program: info, cancelled: false };
      }
      if (calls % SLICE !== 0 && !drew) continue;
      context.progress(calls, step.value.reads);
      await context.breathe();
      if (context.cancelled()) {
        lookBack();
        return {
          ...nothing,
          report: failedReport('read', []),
          ...recorded(),
          cancelled: true,
        };
      }
    }
  }

  let shell: Promise<ShellServer> | null = null;
  /** Most pages open no shell: it is loaded with the first line. */
  const shellServer = (): Promise<ShellServer> => {
    shell ??= import('./machine/shell_api.ts').then(
      (loaded) =>
        new loaded.ShellServer({
          boot: bootFor,
          compile: (scenario) => compileOnce(scenario).object,
          slice: SLICE,
          replayWith,
        }),
    );
    return shell;
  };

  /** What sees a call of the last run's program, if the values of its variables can be known. */
  const lineValues = async (): Promise<LineValues | null> => {
    const known = await values();
    if (!known || !shown) return null;
    const made = await import('./machine/line_values.ts');
    return new made.LineValues(known, shown.insns, shown.path, shown.text);
  };

  const mapsView = async (): Promise<MapsView> =>
    new (await import('./machine/look_maps.ts')).MapsView(loaded);

  return {
    prepare: async () => {
      await Promise.all([
        import('./analyze/language.ts'),
        import('./machine/kernel_code.ts'),
        import('./machine/shell_api.ts'),
        import('./machine/exec_api.ts'),
        import('./machine/values.ts'),
        import('./machine/line_values.ts'),
        import('./machine/look_maps.ts'),
        import('./machine/course.ts'),
        resources.userLibrary?.(),
      ]);
      return null;
    },
    ...languageMethods(() => compiledFor ?? kernelTypes(resources, {})),
    check,
    run,
    // Most runs have no reader: its compiler profile and library are loaded when there is one.
    exec: async (args, context) => {
      await ready(args.scenario);
      const { execReader } = await import('./machine/exec_api.ts');
      return execReader(
        {
          boot: bootFor,
          compile: compileOnce,
          library: resources.userLibrary,
          slice: SLICE,
          replayWith,
          framesWith: (next) => (frames = next),
        },
        args,
        context,
      );
    },
    readerFrames: async ({ from, count }, context) => (await frames?.at(from, count, context)) ?? null,
    shell: async (args, context) => {
      await ready(args.scenario);
      return (await shellServer()).shell(args, context);
    },
    complete: async (args) => {
      await ready(args.scenario);
      return (await shellServer()).complete(args);
    },
    look: async (question) => {
      const lines = question.program === 'none' ? null : await lineValues();
      const maps = question.maps ? await mapsView() : null;
      return replay ? lookAt(replay, question, { lines, maps }) : NOTHING_SEEN;
    },
    // The arrays of a reply are transferred away; the replay keeps its own.
    steps: ({ moment }) =>
      structuredClone(replay?.callSteps(moment)) ?? {
        insns: [],
        truncated: false,
        stack: new Uint8Array(0),
      },
    change: async (args, context) => {
      await ready(args.scenario);
      const object = compileOnce(args.scenario);
      const begin = (scenario: Scenario) => {
        const machine = bootFor(scenario);
        return { machine, play: playFor(machine, scenario, object, () => undefined) };
      };
      if (object.object) return tryChange(args, begin, context);
      return {
        scenario: null,
        text: '',
        error: object.diagnostics[0]?.message ?? 'the program does not compile',
      };
    },
    peek: ({ moment, struct, addr }) => replay?.peek(moment, struct, addr) ?? null,
    values: async ({ moment }) => {
      const known = await values();
      return (known && replay?.before(moment, (pc, vm) => known.before(pc, vm))) ?? [];
    },
    variables: async ({ moment }) => {
      const lines = await lineValues();
      const { insn = Infinity } = moment;
      replay?.at(
        moment,
        () => undefined,
        (n, pc, vm) => {
          if (n <= insn) lines?.see(pc, vm);
        },
      );
      return lines?.seen() ?? { now: [], lines: [] };
    },
    reaches: ({ session, lines, from }) => {
      if (!replay || !shown) return { places: [], until: Infinity };
      const { insns, path } = shown;
      const wanted = new Set(lines);
      const lineAt = (pc: number): number => {
        const insn = insns[pc];
        return insn?.file === path && wanted.has(insn.line) ? insn.line : 0;
      };
      return replay.reaches(session, from, lineAt, REACHED_AT_ONCE);
    },
    course: async (question) => {
      if (!replay) return [];
      const { courseOf } = await import('./machine/course.ts');
      return courseOf(replay, question, COURSE_MOST);
    },
    world: ({ world, btf }): WorldSummary => {
      try {
        const small = smallestOf(world);
        const parsed = worldOf(small);
        const kernel = bootKernel(parsed, resources, { world: small, btf: known(btf) });
        const said = summarize(world.name, parsed, kernel);
        return small === world ? said : summarizeBig(world.name, said, kernel);
      } catch (error) {
        if (!(error instanceof BootError)) throw error;
        return {
          name: world.name,
          release: '',
          tasks: [],
          files: 0,
          vmas: 0,
          reader: 0,
          cgroups: [],
          error: error.message,
        };
      }
    },
    pseudoCode: async ({ target, scenario }): Promise<readonly PseudoCode[]> => {
      if (scenario) await ready(scenario);
      const own = TARGETS.find((reg) => reg.target === target)?.code;
      return [seqReadCode, ...(own ?? (scenario && kernelCode(scenario)?.functions) ?? [])];
    },
  };
}
