/** Bytes at the moment on show: structs, registers and the stack, as the engine answered. */
import type { StateCreator } from 'zustand';
import type { PseudoCode } from '../../protocol/api.ts';
import type { CallSteps, PeekStruct } from '../../protocol/peek.ts';
import type { MomentVariables } from '../../protocol/variables.ts';
import type { PageState } from './store.ts';

/** A struct to look into. */
export interface StructRef {
  readonly struct: string;
  readonly addr: bigint;
}

/** A field that is kept in sight. */
export interface WatchedField extends StructRef {
  readonly path: string;
}

/** A struct now and at the object before, so that changes can be marked. */
export interface SeenStruct {
  readonly now: PeekStruct;
  readonly before: PeekStruct | null;
}

export interface MachineView {
  /** formatMoment of what this describes. */
  readonly moment: string;
  readonly ctx: SeenStruct | null;
  /** ctx->meta. */
  readonly meta: SeenStruct | null;
  /** The struct looked into. */
  readonly object: SeenStruct | null;
  readonly steps: CallSteps | null;
  readonly variables: MomentVariables | null;
  /** The structs of the watched fields, in their order; null for one that cannot be read. */
  readonly watched: readonly (SeenStruct | null)[];
}

export interface MachineSlice {
  readonly machine: MachineView | null;
  readonly machineFailure: string;
  /** Structs walked into from the object by its pointers; empty: the object itself. */
  readonly trail: readonly StructRef[];
  readonly watched: readonly WatchedField[];
  readonly pseudo: { readonly target: string; readonly code: readonly PseudoCode[] } | null;
  setMachine: (machine: MachineView | null, failure?: string) => void;
  setTrail: (trail: readonly StructRef[]) => void;
  /** Begins to watch a field, or stops. */
  watch: (field: WatchedField) => void;
  unwatchAll: () => void;
  setPseudo: (target: string, code: readonly PseudoCode[]) => void;
}

/** Each one is read anew at every moment. */
const WATCHED_MOST = 8;

export const machineSlice: StateCreator<PageState, [], [], MachineSlice> = (set, get) => ({
  machine: null,
  machineFailure: '',
  trail: [],
  watched: [],
  pseudo: null,
  setMachine: (machine, failure = '') => set({ machine, machineFailure: failure }),
  setTrail: (trail) => set({ trail }),
  watch: (field) => {
    const others = get().watched.filter(({ addr, path }) => addr !== field.addr || path !== field.path);
    set({ watched: others.length < get().watched.length ? others : [...others, field].slice(-WATCHED_MOST) });
  },
  unwatchAll: () => set({ watched: [] }),
  setPseudo: (target, code) => set({ pseudo: { target, code } }),
});
