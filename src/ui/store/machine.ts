/** Bytes at the moment on show: structs, registers and the stack, as the engine answered. */
import type { StateCreator } from 'zustand';
import type { PseudoCode } from '../../protocol/api.ts';
import type { Look, StructRef } from '../../protocol/peek.ts';
import type { PageState } from './store.ts';

/** A field that is kept in sight. */
export interface WatchedField extends StructRef {
  readonly path: string;
}

/** Structs are compared with what they were at the object before. */
export interface MachineView extends Look {
  /** formatMoment of what this describes. */
  readonly moment: string;
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
