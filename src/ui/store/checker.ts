/** Compiles and verifies while the user types: the latest text wins, typing never waits. */
import { EngineFailure, Superseded } from '../../protocol/client.ts';
import { scenarioOf } from './attach.ts';
import type { Engine } from './engine.ts';
import { useStore } from './store.ts';

/** Pause in the typing after which a check begins. */
const QUIET_MS = 250;
/** A check that takes longer is given up and its worker replaced. */
const LIMIT_MS = 8000;

export function startChecker(engine: Engine): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let limit: ReturnType<typeof setTimeout> | undefined;

  const check = async (): Promise<void> => {
    const scenario = scenarioOf(useStore.getState());
    if (scenario.world.name === '') return;
    engine.newRun();
    clearTimeout(limit);
    limit = setTimeout(() => engine.rebuild('the check took too long'), LIMIT_MS);
    const current = (): boolean => useStore.getState().text === scenario.source.text;
    try {
      const result = await engine.call('check', { scenario });
      if (current()) useStore.getState().setCheck(result, false);
    } catch (error) {
      if (error instanceof EngineFailure)
        useStore.setState({ failure: `A defect of Iterscope while checking:\n${error.message}` });
      else if (!(error instanceof Superseded)) throw error;
      if (current()) useStore.getState().setCheck(null, false);
    } finally {
      clearTimeout(limit);
    }
  };
  const soon = (): void => {
    clearTimeout(timer);
    useStore.setState({ checking: true });
    timer = setTimeout(() => void check(), QUIET_MS);
  };
  useStore.subscribe((state, before) => {
    if (state.text !== before.text || state.path !== before.path || state.world !== before.world) soon();
  });
  soon();
}
