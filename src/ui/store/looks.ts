/**
 * How the page looks and speaks to one person: size of type, motion, what is read aloud, and the projector,
 * which is for a room and is not kept.
 */
import type { StateCreator } from 'zustand';
import { keep, kept } from './keep.ts';
import type { PageState } from './store.ts';

export const TYPE_SIZES = [0.9, 1, 1.15, 1.3] as const;
export const MOTIONS = ['system', 'less', 'full'] as const;
export const SPOKEN = ['steps', 'reads', 'nothing'] as const;
export type Motion = (typeof MOTIONS)[number];
export type Spoken = (typeof SPOKEN)[number];

/** Type in a room is so much larger. */
const PROJECTED = 1.4;

interface Looks {
  readonly typeSize: number;
  readonly motion: Motion;
  /** What the live region says: every step, only ends of reads, or nothing. */
  readonly spoken: Spoken;
  readonly projector: boolean;
}
export interface LooksSlice extends Looks {
  readonly settingsOpen: boolean;
  setLooks: (patch: Partial<Looks>) => void;
}

/** The kept choice, if it is still one of those on offer. */
function choice<T extends string | number>(key: string, of: readonly T[], otherwise: T): T {
  const text = kept(key);
  return of.find((one) => String(one) === text) ?? otherwise;
}

export const looksSlice: StateCreator<PageState, [], [], LooksSlice> = (set, get) => ({
  typeSize: choice('type-size', TYPE_SIZES, 1),
  motion: choice('motion', MOTIONS, 'system'),
  spoken: choice('spoken', SPOKEN, 'steps'),
  projector: false,
  settingsOpen: false,
  setLooks: (patch) => {
    set(patch);
    const { typeSize, motion, spoken } = get();
    keep('type-size', String(typeSize));
    keep('motion', motion);
    keep('spoken', spoken);
    showLooks(get());
  },
});

/** Factor of every size that is not part of a picture. */
export const scaleOf = ({ typeSize, projector }: Looks): number => typeSize * (projector ? PROJECTED : 1);

export const lessMotion = ({ motion }: Looks): boolean =>
  motion === 'less' || (motion === 'system' && matchMedia('(prefers-reduced-motion: reduce)').matches);

/** Puts the choices where the style sheets find them: on the root element. */
export function showLooks(looks: Looks): void {
  const { style, dataset } = document.documentElement;
  style.setProperty('--px', `${scaleOf(looks)}px`);
  if (scaleOf(looks) > 1) dataset['large'] = '';
  else delete dataset['large'];
  dataset['motion'] = looks.motion;
  if (looks.projector) dataset['projector'] = '';
  else delete dataset['projector'];
}
