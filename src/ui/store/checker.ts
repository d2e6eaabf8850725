/** Compiles and verifies while the user types: the latest text wins, typing never waits. */
import { EngineFailure, Superseded } from '../../protocol/client.ts';
import { scenarioOf } from './attach.ts';
import type { Engine } from './engine.ts';
import { useStore } from './store.ts';

/** Pause in the typing after which a check begins. */
const QUIET_MS = 250;
/** A check of an older text that has taken this long is ended instead of waited for. */
const PATIENCE_MS = 500;
/** A check that takes longer is given up. */
const LIMIT_MS = 30_000;

export function startChecker(engine: Engine): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** When the check under way began, or 0. */
  let began = 0;
  let round = 0;

  const check = async (): Promise<void> => {
    const scenario = scenarioOf(useStore.getState());
    if (scenario.world.name === '') return;
    const mine = ++round;
    if (began > 0 && performance.now() - began > PATIENCE_MS) engine.rebuild('a newer text is checked');
    engine.newRun();
    began = performance.now();
    const limit = setTimeout(() => engine.rebuild('the check took too long'), LIMIT_MS);
    try {
      const result = await engine.call('check', { scenario });
      if (mine === round) useStore.getState().setCheck(result, false);
    } catch (error) {
      if (mine !== round) return;
      if (error instanceof EngineFailure)
        useStore.setState({ failure: `A defect of Iterscope while checking:\n${error.message}` });
      else if (error instanceof Superseded)
        useStore.setState({ failure: 'The program could not be checked: the compiler did not answer.' });
      else throw error;
      useStore.getState().setCheck(null, false);
    } finally {
      clearTimeout(limit);
      if (mine === round) began = 0;
    }
  };
  const soon = (): void => {
    clearTimeout(timer);
    useStore.setState({ checking: true });
    timer = setTimeout(() => void check(), QUIET_MS);
  };
  useStore.subscribe((state, before) => {
    if (
      state.text !== before.text ||
      state.path !== before.path ||
      state.world !== before.world ||
      state.object !== before.object ||
      state.module !== before.module ||
      state.btf !== before.btf
    )
      soon();
  });
  soon();
}
