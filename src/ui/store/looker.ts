/**
 * Fetches the bytes of the moment on show. One moment at a time; while it is fetched only the newest wish
 * is remembered, so dragging the timeline never queues up work.
 */
import { Superseded } from '../../protocol/client.ts';
import { formatMoment } from '../../protocol/moment.ts';
import type { Moment } from '../../protocol/moment.ts';
import type { CallSteps, StructRef } from '../../protocol/peek.ts';
import type { SceneNode, SceneNodeKind } from '../../protocol/scene.ts';
import type { SessionTrace } from '../../protocol/trace.ts';
import { foldTrace, lastAtOrBefore } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { cursorObject } from '../trace/object_state.ts';
import { momentOf } from './cursor.ts';
import type { Engine } from './engine.ts';
import { inPace } from './pace.ts';
import { traceOf } from './run.ts';
import { failureText } from './runner.ts';
import type { Runner } from './runner.ts';
import { useStore } from './store.ts';
import type { PageState } from './store.ts';

/** Kernel struct behind a node that does not name its own. A slot stands for the file it names. */
const STRUCT_OF: Readonly<Partial<Record<SceneNodeKind, string>>> = {
  task: 'task_struct',
  thread: 'task_struct',
  files: 'files_struct',
  file: 'file',
  inode: 'inode',
  mm: 'mm_struct',
  vma: 'vm_area_struct',
};
const structOf = (node: SceneNode): string | undefined => node.struct || STRUCT_OF[node.kind];

/** The struct that the inspector shows: walked into, pinned, or under the cursor. */
export function lookedAt(state: PageState): StructRef | null {
  const walked = state.trail.at(-1);
  if (walked) return walked;
  const scene = state.result?.scene ?? null;
  const trace = traceOf(state);
  if (!trace) return null;
  const names = namesOf(scene);
  const pinned = scene?.node(state.selected ?? -1);
  const target = pinned?.kind === 'slot' ? scene?.to(scene.edgesFrom(pinned.id)[0] ?? -1) : undefined;
  const node = scene?.node(target ?? -1) ?? pinned;
  if (node) {
    const struct = structOf(node);
    return struct === undefined || node.addr === 0n ? null : { struct, addr: node.addr };
  }
  const held = cursorObject(foldTrace(trace), state.at.call);
  const at = held === null ? undefined : (names.node(held.object) ?? names.slot(held.owner, held.key));
  const struct = at && structOf(at);
  return held !== null && struct !== undefined ? { struct, addr: held.object } : null;
}

/** The object shown before a call, with which its values are compared. */
function objectBefore(trace: SessionTrace, call: number): Moment | null {
  const { objectStops } = foldTrace(trace);
  const earlier = objectStops[lastAtOrBefore(objectStops, call - 1)];
  return earlier === undefined
    ? null
    : { session: trace.session, read: trace.read[earlier] ?? 0, call: earlier };
}

/** Maps may be large: they are read only where they are on show. */
const wantsMaps = ({ inspectorTab }: PageState): boolean => inspectorTab === 'maps';

export function startLooker(engine: Engine, runner: Runner): void {
  let lastSteps: { readonly call: string; readonly steps: CallSteps } | null = null;
  let busy = false;
  let done = '';

  const wish = (state: PageState): string => {
    const moment = momentOf(state);
    if (!moment || !state.ran || state.status !== 'idle') return '';
    const ref = lookedAt(state);
    const kept = state.watched.map(({ struct, addr }) => `${struct} ${addr}`).join();
    return `${formatMoment(moment)} ${ref?.struct ?? ''} ${ref?.addr ?? ''} ${kept} ${wantsMaps(state)}`;
  };

  const look = async (state: PageState): Promise<void> => {
    const moment = momentOf(state);
    const trace = traceOf(state);
    const { ran, result } = state;
    if (!moment || !trace || !ran || !result) return;
    await runner.ensureLoaded(ran);
    const { session, read, call } = moment;
    // The instructions of a call are all there with the first step inside of it.
    const ofCall = formatMoment({ session, read, call });
    const known = lastSteps?.call === ofCall ? lastSteps.steps : null;
    const ranHere = (trace.insns[call] ?? 0) > 0;
    const seen = await engine.call('look', {
      moment,
      before: objectBefore(trace, call),
      ctx: result.ctx === 0n ? null : { struct: `bpf_iter__${trace.target}`, addr: result.ctx },
      object: lookedAt(state),
      watched: state.watched.map(({ struct, addr }) => ({ struct, addr })),
      maps: wantsMaps(state),
      program: !ranHere ? 'none' : known ? 'variables' : 'variables and steps',
    });
    if (useStore.getState().result !== result) return;
    const steps = ranHere ? (known ?? seen.steps) : null;
    if (steps) lastSteps = { call: ofCall, steps };
    useStore.getState().setMachine({ ...seen, steps, moment: formatMoment(moment) });
  };

  const next = (): void => {
    const state = useStore.getState();
    const wanted = wish(state);
    if (busy || wanted === '' || wanted === done) return;
    busy = true;
    done = wanted;
    look(state)
      .catch((error: unknown) => {
        if (error instanceof Superseded) done = '';
        else useStore.getState().setMachine(null, failureText(error));
      })
      .finally(() => {
        busy = false;
        ask();
      });
  };
  /** The picture of a moment is drawn first: the worker would take the processor from it. */
  const ask = inPace(next);
  useStore.subscribe((state, before) => {
    if (state.result !== before.result) {
      lastSteps = null;
      done = '';
      if (before.machine) useStore.getState().setMachine(null);
      // Addresses are those of a world.
      if (before.ran && state.ran && before.ran.world.name !== state.ran.world.name) state.unwatchAll();
    }
    ask();
  });
}
