/** What stands out while the pointer is on a node. */
import type { Picture } from '../trace/picture.ts';

/** Of a file that thousands refer to, so many are lit. */
const MOST = 60;

/** The node, what it reaches, what reaches it, and their containers; null: nothing is dimmed. */
export function litNodes(picture: Picture, hovered: number | null): ReadonlySet<number> | null {
  if (hovered === null) return null;
  const lit = new Set([hovered]);
  const follow = (id: number, edges: (id: number) => Int32Array, other: (edge: number) => number): void => {
    for (const edge of edges(id)) {
      if (lit.size >= MOST) return;
      const next = other(edge);
      if (lit.has(next) || picture.edge(edge).via === 'next') continue;
      lit.add(next);
      follow(next, edges, other);
    }
  };
  follow(
    hovered,
    (id) => picture.edgesFrom(id),
    (edge) => picture.to(edge),
  );
  follow(
    hovered,
    (id) => picture.edgesTo(id),
    (edge) => picture.from(edge),
  );
  for (const id of picture.at(picture.node(hovered)?.addr ?? 0n)) lit.add(id);
  for (const id of picture.children(hovered)) lit.add(id);
  for (const id of lit)
    for (let up = picture.node(id)?.parent ?? -1; up >= 0; up = picture.node(up)?.parent ?? -1) lit.add(up);
  return lit;
}
