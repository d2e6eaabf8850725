/**
 * Headings that stay: the names of the picture's columns along the upper edge, and below them the container
 * that the edge cuts (which process am I in?), as long as its own name is out of view.
 *
 * They are drawn in pixels over both renderers and follow the camera; a step does not touch them.
 */
import type { SceneNode } from '../../protocol/scene.ts';
import type { Picture } from '../trace/picture.ts';
import { fitText } from './fit_text.ts';
import { visible } from './renderer.ts';
import type { View } from './renderer.ts';

const NS = 'http://www.w3.org/2000/svg';
/** Height of the line of column names, and of the container's, in pixels. */
const COLUMNS_H = 26;
const OWNER_H = 24;
/** Pixels of a character of a heading, and between two headings. */
const CHAR = 6.2;
const APART = 10;
/** A container is named once this much of it, in units, is above the edge: its own name is gone then. */
const NAME_H = 24;

function element<K extends keyof SVGElementTagNameMap>(tag: K, look: string): SVGElementTagNameMap[K] {
  const made = document.createElementNS(NS, tag);
  made.setAttribute('class', look);
  return made;
}

export class Headings {
  private readonly picture: Picture;
  private readonly ground = element('rect', 'head-ground');
  private readonly texts: readonly SVGTextElement[];
  private readonly owner = element('g', 'head-owner');
  private readonly ownerGround = element('rect', 'head-ground');
  private readonly ownerName = element('text', 'head-name');
  private named = -1;

  constructor(layer: SVGGElement, picture: Picture) {
    this.picture = picture;
    this.texts = picture.heads.map(() => element('text', 'head'));
    this.owner.append(this.ownerGround, this.ownerName);
    layer.replaceChildren(this.owner, this.ground, ...this.texts);
  }

  setCamera(view: View): void {
    const { ground, texts, picture } = this;
    ground.setAttribute('width', String(view.width));
    ground.setAttribute('height', String(COLUMNS_H));
    picture.heads.forEach((head, i) => {
      const text = texts[i];
      if (!text) return;
      const x = Math.max(APART, view.x + view.k * head.x);
      const next = picture.heads[i + 1];
      const end = next ? view.x + view.k * next.x - APART : view.width;
      text.textContent = fitText(head.label, Math.max(0, end - x), CHAR);
      text.setAttribute('x', String(x));
      text.setAttribute('y', '17');
      text.setAttribute('visibility', end - x < 3 * CHAR ? 'hidden' : 'visible');
    });
    this.nameOwner(view);
  }

  private nameOwner(view: View): void {
    const cut = this.cutByEdge(view);
    const id = cut?.id ?? -1;
    if (id !== this.named) {
      this.named = id;
      this.owner.setAttribute('visibility', cut ? 'visible' : 'hidden');
      this.ownerName.textContent = cut
        ? [cut.label, cut.detail].filter((word) => word !== '').join(' · ')
        : '';
    }
    if (!cut) return;
    const x = Math.max(0, view.x + view.k * cut.x);
    const right = Math.min(view.width, view.x + view.k * (cut.x + cut.w));
    // It leaves with the container's lower edge.
    const below = view.y + view.k * (cut.y + cut.h);
    const y = Math.min(COLUMNS_H, below - OWNER_H);
    this.ownerGround.setAttribute('x', String(x));
    this.ownerGround.setAttribute('y', String(y));
    this.ownerGround.setAttribute('width', String(Math.max(0, right - x)));
    this.ownerGround.setAttribute('height', String(OWNER_H));
    this.ownerName.setAttribute('x', String(x + 11));
    this.ownerName.setAttribute('y', String(y + 16));
  }

  /** The outermost named container that goes on below the upper edge while its name is above it. */
  private cutByEdge(view: View): SceneNode | null {
    const { picture } = this;
    const edge = visible(view, 0).y + COLUMNS_H / view.k;
    for (const id of picture.inView(visible(view, 0).x, edge, view.width / view.k, 0)) {
      const node = picture.node(id);
      if (!node || node.parent >= 0 || node.label === '' || !picture.isContainer(id)) continue;
      // A bucket's elements stand beside it: it is seen as long as they are.
      const holds = picture.node(picture.children(id)[0] ?? -1);
      if (!holds || holds.x >= node.x + node.w) continue;
      if (node.y + NAME_H < edge && node.y + node.h > edge) return node;
    }
    return null;
  }
}
