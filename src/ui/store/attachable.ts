/** What a program has to attach: its programs with a target, and its maps. */
import type { CheckResult } from '../../protocol/api.ts';
import type { PageState } from './store.ts';

/** The part of a check that the attach bar is made from. */
export type Attachable = Pick<CheckResult, 'programs' | 'maps'>;
export const NOTHING_YET: Attachable = { programs: [], maps: [] };

/** What there is to attach: while a text does not compile, what it had before, so that the bar keeps still. */
export const attachable = ({ check, compiled }: Pick<PageState, 'check' | 'compiled'>): Attachable =>
  check === null ? NOTHING_YET : check.programs.length > 0 ? check : compiled;
