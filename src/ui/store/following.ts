/** What the views beside the picture show: the same moment, drawn in a task of their own right after it. */
import { useDeferredValue } from 'react';
import type { MachineView } from './machine.ts';
import { useStore } from './store.ts';
import type { PageState } from './store.ts';

/**
 * A slice of the state that may follow a step by a task, so that no single task draws all views. The
 * component is called twice for each change, first with the old value: what is costly belongs into a
 * memoised child that takes the value as a prop.
 */
export function useFollowing<T>(of: (state: PageState) => T): T {
  return useDeferredValue(useStore(of));
}

export const machineOf = (state: PageState): MachineView | null => state.machine;
export const callOf = (state: PageState): number => state.at.call;
