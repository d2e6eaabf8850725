/**
 * What the views beside the picture show: the same moment, each in its turn. The picture and the timeline
 * follow a step at once; then one view after the other does, each behind a frame of its own, so that no
 * task draws all of them. Who has not had his turn when the next step comes shows that one.
 *
 *     step -> picture, timeline | frame | inspector | frame | dock | frame | editor
 */
import { useEffect, useState } from 'react';
import { behindFrame } from './frame.ts';
import type { MachineView } from './machine.ts';
import { inPace } from './pace.ts';
import { useStore } from './store.ts';
import type { PageState } from './store.ts';

const TURNS = ['inspector', 'dock', 'editor'] as const;
export type Turn = (typeof TURNS)[number];

const waiting: Readonly<Record<Turn, Set<() => void>>> = {
  inspector: new Set(),
  dock: new Set(),
  editor: new Set(),
};

/** One view after the other; what is asked for meanwhile is for the next round. */
function drawRound([turn, ...later]: readonly (readonly (() => void)[])[]): void {
  for (const act of turn ?? []) act();
  if (later.length > 0) behindFrame(() => drawRound(later));
}

const ask = inPace(() => {
  const round = TURNS.map((turn) => [...waiting[turn]]).filter(({ length }) => length > 0);
  for (const turn of TURNS) waiting[turn].clear();
  drawRound(round);
});

/** Draws when it is a view's turn; asked for twice before that, once. @returns how to ask no longer */
export function inTurn(turn: Turn, act: () => void): () => void {
  waiting[turn].add(act);
  ask();
  return () => {
    waiting[turn].delete(act);
  };
}

/**
 * A part of the state that follows a step in its turn.
 *
 * @param of gives the same for the same state; the same function each time
 */
export function useFollowing<T>(turn: Turn, of: (state: PageState) => T): T {
  const [value, setValue] = useState(() => of(useStore.getState()));
  useEffect(() => {
    const draw = (): void => setValue(() => of(useStore.getState()));
    draw();
    let wanted = of(useStore.getState());
    const leave = useStore.subscribe((state) => {
      const next = of(state);
      if (Object.is(next, wanted)) return;
      wanted = next;
      inTurn(turn, draw);
    });
    return () => {
      leave();
      waiting[turn].delete(draw);
    };
  }, [turn, of]);
  return value;
}

export const machineOf = (state: PageState): MachineView | null => state.machine;
export const callOf = (state: PageState): number => state.at.call;
