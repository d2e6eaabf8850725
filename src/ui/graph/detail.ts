/**
 * Semantic zoom: how much of a picture is drawn, by how wide one row of containers is on the
 * screen. At no level
 * are more nodes drawn than a frame can carry.
 */
import type { Picture } from '../trace/picture.ts';

export const DETAILS = ['full', 'blocks', 'containers', 'heat'] as const;
export type Detail = (typeof DETAILS)[number];

/** Pixels of a row from which a level is drawn. */
const FROM: Readonly<Record<Detail, number>> = { full: 380, blocks: 160, containers: 6, heat: 0 };
/** Nodes that are drawn with all they have. */
const MOST_FULL = 1200;

/** @param inView number of nodes in view */
export function detailAt(picture: Picture, k: number, inView: number): Detail {
  const width = picture.width * k;
  const level = DETAILS.find((detail) => width >= FROM[detail]) ?? 'heat';
  return level === 'full' && inView > MOST_FULL ? 'blocks' : level;
}
