/**
 * The style sheet of the picture as a table, for the canvas: which token, width and dash each look has.
 * Colours are read from the page once for each theme.
 */
import { tokenColour } from '../theme/colour.ts';
import type { ObjectStateName } from '../trace/object_state.ts';

export interface FrameLook {
  readonly fill: string;
  readonly stroke: string;
  /** Opacity of the stroke. */
  readonly strength: number;
  readonly width: number;
  readonly dash: readonly number[];
}

const frame = (fill: string, stroke: string, strength = 1, width = 1, dash: readonly number[] = []) => ({
  fill,
  stroke,
  strength,
  width,
  dash,
});

export const FRAMES: Readonly<Record<ObjectStateName, FrameLook>> = {
  plain: frame('--s1', '--line-2'),
  'will-visit': frame('--s1', '--line-2', 1, 1, [5, 3]),
  visited: frame('--visited-bg', '--visited', 0.55),
  current: frame('--current-bg', '--current', 1, 2),
  reached: frame('--s1', '--current', 1, 1.5),
  skipped: frame('--s2', '--skipped', 1, 1, [3, 2]),
  'out-of-range': frame('--s1', '--line-2'),
  'rolled-back': frame('--s1', '--gone', 1, 1, [5, 3]),
  vanished: frame('--s1', '--gone', 1, 1, [1.5, 2.5]),
  unborn: frame('--s1', '--s1'),
};

/** Colour of a state where a node is only a block or a cell: the strongest that says it. */
export const BLOCKS: Readonly<Record<ObjectStateName, string>> = {
  plain: '--line',
  'will-visit': '--line-2',
  visited: '--visited',
  current: '--current',
  reached: '--current',
  skipped: '--skipped',
  'out-of-range': '--s2',
  'rolled-back': '--gone',
  vanished: '--gone',
  unborn: '--bg',
};

/** Out of range: dimmed, and kept in its place. */
export const DIMMED = 0.35;

interface TextLook {
  readonly token: string;
  readonly font: string;
  readonly size: number;
}

/** By the first word of a text's look. */
const TEXTS: Readonly<Record<string, TextLook>> = {
  label: { token: '--tx', font: '560', size: 11.5 },
  key: { token: '--tx', font: '560', size: 10.5 },
  detail: { token: '--tx-2', font: '400', size: 10 },
  side: { token: '--tx-3', font: '400', size: 10 },
  perm: { token: '--tx', font: '600', size: 10.5 },
  held: { token: '--held', font: '400', size: 10.5 },
};
const FALLBACK: TextLook = { token: '--tx', font: '400', size: 11 };

/** What a state changes about a text. */
const SIDE_TOKENS: Readonly<Partial<Record<ObjectStateName, string>>> = {
  visited: '--bytes',
  current: '--current',
  'rolled-back': '--gone',
  vanished: '--gone',
};

export const MARK_TOKENS: Readonly<Partial<Record<ObjectStateName, string>>> = {
  visited: '--visited',
  current: '--current',
  'rolled-back': '--gone',
  vanished: '--gone',
};

/** Paths that have the same colour in every state. */
export const PATH_TOKENS: Readonly<Record<string, string>> = { plus: '--bytes', torn: '--tx-3' };

/** @returns token and CSS font of a text */
export function textLook(
  look: string,
  size: number,
  state: ObjectStateName,
  container: boolean,
): { readonly token: string; readonly font: string } {
  const words = look.split(' ');
  const base = TEXTS[words[0] ?? ''] ?? FALLBACK;
  const mono = words.includes('mono');
  const family = mono ? '"JetBrains Mono", monospace' : 'Inter, system-ui, sans-serif';
  const px = size || (container && words[0] === 'label' ? 13 : container ? 11 : base.size);
  const token =
    words[0] === 'side' && !words.includes('none')
      ? (SIDE_TOKENS[state] ?? base.token)
      : words.includes('w')
        ? '--gone'
        : words.includes('x')
          ? '--bytes'
          : base.token;
  return { token, font: `${base.font} ${px}px ${family}` };
}

/** Reads tokens as colours the canvas understands; one probe for each token and theme. */
export class Palette {
  private readonly host: HTMLElement;
  private colours = new Map<string, string>();

  constructor(host: HTMLElement) {
    this.host = host;
  }

  colour(token: string): string {
    let value = this.colours.get(token);
    if (value === undefined) this.colours.set(token, (value = tokenColour(token, this.host)));
    return value;
  }

  /** The theme has changed. */
  forget(): void {
    this.colours = new Map();
  }
}
