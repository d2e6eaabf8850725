/**
 * The picture of a moment as a file of its own: the SVG renderer draws it away from the page, and every
 * style that the page's sheets give it is written onto its elements, so that it looks the same anywhere.
 */
import { heldFields } from '../graph/stage.ts';
import { visible } from '../graph/renderer.ts';
import type { Subject, View } from '../graph/renderer.ts';
import { SvgRenderer } from '../graph/svg_renderer.ts';
import { nowAt } from '../trace/object_state.ts';

const NS = 'http://www.w3.org/2000/svg';
const MARGIN = 16;
/** A picture of more nodes is cut to the part around the cursor. */
const NODES_MOST = 2000;
/** Size of that part, in units. */
const PART = { width: 1440, height: 900 };
/** Pixels of a PNG for one unit. */
const SCALE = 2;

const STYLES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'stroke-linecap',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'letter-spacing',
  'text-decoration-line',
  'display',
  'visibility',
] as const;

/** The whole picture, or the part around the moment's object. */
function viewOf({ picture }: Subject, near: number | undefined): View {
  if (picture.length <= NODES_MOST)
    return {
      x: MARGIN,
      y: MARGIN,
      k: 1,
      width: picture.width + 2 * MARGIN,
      height: picture.height + 2 * MARGIN,
    };
  const node = picture.node(near ?? 0);
  const { width, height } = PART;
  return { x: width / 2 - (node?.x ?? 0), y: height / 2 - (node?.y ?? 0), k: 1, width, height };
}

/** What only the page needs. A colour as an attribute stands in the style by then. */
const ATTRIBUTES = ['class', 'tabindex', 'role', 'aria-pressed', 'data-node', 'fill', 'stroke'] as const;

/** Writes the styles that the elements have on the page onto them, and takes their names away. */
function fix(svg: SVGElement): void {
  const elements = [...svg.querySelectorAll<SVGElement>('*')];
  // All are read before any is written: a style depends on the names of the elements around it.
  const looks = elements.map((element) => {
    const seen = getComputedStyle(element);
    return STYLES.map((name) => `${name}:${seen.getPropertyValue(name)}`).join(';');
  });
  elements.forEach((element, i) => {
    for (const name of ATTRIBUTES) element.removeAttribute(name);
    element.setAttribute('style', looks[i] ?? '');
  });
}

/** What the patterns and arrow heads of the page's picture are made of. */
function defs(): Node | null {
  return document.querySelector('.graph > svg > defs')?.cloneNode(true) ?? null;
}

export interface PictureFile {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** @param title the moment in words, for who cannot see the picture */
export function drawPicture(
  subject: Subject,
  call: number,
  selected: number | null,
  title: string,
): PictureFile {
  const { picture, folded } = subject;
  const now = nowAt(folded, picture, call);
  const near = [...now.held][0] ?? [...now.reached][0];
  const view = viewOf(subject, near);
  const { width, height } = view;
  const host = document.body.appendChild(document.createElement('div'));
  host.className = 'graph';
  host.style.cssText = `position:fixed;left:-100000px;top:0;width:${width}px;height:${height}px`;
  try {
    const svg = host.appendChild(document.createElementNS(NS, 'svg'));
    const made = defs();
    if (made) svg.append(made);
    const ground = svg.appendChild(document.createElementNS(NS, 'rect'));
    ground.setAttribute('width', '100%');
    ground.setAttribute('height', '100%');
    ground.style.fill = 'var(--bg)';
    const layer = svg.appendChild(document.createElementNS(NS, 'g'));
    const renderer = new SvgRenderer(layer);
    renderer.setScene(subject);
    renderer.setCamera(view);
    const held = heldFields(folded, call);
    renderer.setMoment({ now, selected, lit: null, tabStop: -1, held });
    for (let more = true; more;) more = renderer.draw();
    layer.setAttribute('transform', `translate(${view.x},${view.y}) scale(${view.k})`);
    fix(svg);
    const part = visible(view, 0);
    svg.setAttribute('viewBox', `0 0 ${part.w} ${part.h}`);
    svg.setAttribute('width', String(width));
    svg.setAttribute('height', String(height));
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', title);
    return { svg: new XMLSerializer().serializeToString(svg), width, height };
  } finally {
    host.remove();
  }
}

/** The same as pixels, twice as many as on a plain screen. Fonts of the page are not in it: the system's are. */
export async function toPng({ svg, width, height }: PictureFile): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(width * SCALE);
  canvas.height = Math.ceil(height * SCALE);
  const g = canvas.getContext('2d');
  g?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error('The picture is too large for a PNG.')),
    ),
  );
}
