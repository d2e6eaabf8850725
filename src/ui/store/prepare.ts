/** Lets both workers fetch what they have not needed so far. */
import type { Engine } from './engine.ts';

let engines: readonly Engine[] = [];
export const startPreparing = (...all: readonly Engine[]): void => {
  engines = all;
};
export const prepareEngines = (): Promise<unknown> =>
  Promise.all(engines.map((engine) => engine.ask('prepare', {})));
