/**
 * Fetches the bytes of the moment on show. One moment at a time; while it is fetched only the newest wish
 * is remembered, so dragging the timeline never queues up work.
 */
import { Superseded } from '../../protocol/client.ts';
import { formatMoment } from '../../protocol/moment.ts';
import type { Moment } from '../../protocol/moment.ts';
import type { CallSteps, PeekStruct } from '../../protocol/peek.ts';
import type { SceneNode, SceneNodeKind } from '../../protocol/scene.ts';
import { foldTrace, lastAtOrBefore } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import { cursorObject } from '../trace/object_state.ts';
import { momentOf } from './cursor.ts';
import type { Engine } from './engine.ts';
import type { SeenStruct, StructRef } from './machine.ts';
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
const KEPT_PEEKS = 256;

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

export function startLooker(engine: Engine, runner: Runner): void {
  const peeks = new Map<string, PeekStruct | null>();
  let lastSteps: { readonly key: string; readonly steps: CallSteps } | null = null;
  let busy = false;
  let done = '';

  const wish = (state: PageState): string => {
    const moment = momentOf(state);
    if (!moment || !state.ran || state.status !== 'idle') return '';
    const ref = lookedAt(state);
    const kept = state.watched.map(({ struct, addr }) => `${struct} ${addr}`).join();
    return `${formatMoment(moment)} ${ref?.struct ?? ''} ${ref?.addr ?? ''} ${kept}`;
  };
  const peek = async (moment: Moment, ref: StructRef): Promise<PeekStruct | null> => {
    const key = `${formatMoment(moment)} ${ref.struct} ${ref.addr}`;
    const known = peeks.get(key);
    if (known !== undefined) return known;
    const answer = await engine.call('peek', { moment, ...ref });
    if (peeks.size > KEPT_PEEKS) peeks.clear();
    peeks.set(key, answer);
    return answer;
  };
  /** All instructions of a call; stepping inside it asks only once. */
  const stepsOf = async (call: Moment): Promise<CallSteps> => {
    const key = formatMoment(call);
    if (lastSteps?.key !== key) lastSteps = { key, steps: await engine.call('steps', { moment: call }) };
    return lastSteps.steps;
  };
  const seen = async (
    now: Moment,
    before: Moment | null,
    ref: StructRef | null,
  ): Promise<SeenStruct | null> => {
    const answer = ref ? await peek(now, ref) : null;
    return answer && ref ? { now: answer, before: before ? await peek(before, ref) : null } : null;
  };

  const look = async (state: PageState): Promise<void> => {
    const moment = momentOf(state);
    const trace = traceOf(state);
    const { ran, result } = state;
    if (!moment || !trace || !ran || !result) return;
    await runner.ensureLoaded(ran);
    const { objectStops } = foldTrace(trace);
    const earlier = objectStops[lastAtOrBefore(objectStops, moment.call - 1)];
    const before: Moment | null =
      earlier === undefined
        ? null
        : { session: trace.session, read: trace.read[earlier] ?? 0, call: earlier };
    const ctxType = result.program?.ctxType;
    const ctx = await seen(moment, before, ctxType ? { struct: ctxType, addr: result.ctx } : null);
    const metaAt = ctx?.now.fields.find((field) => field.path === 'meta')?.pointer ?? null;
    const meta = await seen(moment, before, metaAt);
    const object = await seen(moment, before, lookedAt(state));
    const watched: (SeenStruct | null)[] = [];
    for (const { struct, addr } of state.watched) watched.push(await seen(moment, before, { struct, addr }));
    const ranHere = (trace.insns[moment.call] ?? 0) > 0;
    const steps = ranHere
      ? await stepsOf({ session: moment.session, read: moment.read, call: moment.call })
      : null;
    const variables = ranHere ? await engine.call('variables', { moment }) : null;
    if (useStore.getState().result !== result) return;
    useStore
      .getState()
      .setMachine({ moment: formatMoment(moment), ctx, meta, object, steps, variables, watched });
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
        next();
      });
  };
  useStore.subscribe((state, before) => {
    if (state.result !== before.result) {
      peeks.clear();
      lastSteps = null;
      done = '';
      if (before.machine) useStore.getState().setMachine(null);
      // Addresses are those of a world.
      if (before.ran && state.ran && before.ran.world.name !== state.ran.world.name) state.unwatchAll();
    }
    next();
  });
}
