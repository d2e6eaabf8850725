/**
 * bpf_map, bpf_prog, bpf_link: the line of numbers from top to bottom with its gaps folded, and at each
 * number the object with its counter. What objects refer to stands once at the right: a program that two
 * links run, a map that two programs use.
 *
 *     id | object | what it points to
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Session } from '../iter/session.ts';
import type { Addr } from '../../shared/brand.ts';
import { MAP_TYPE_NAMES, LinkType } from '../abi/uapi.ts';
import type { NumberedKind } from '../iter/bpf_iter.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { View } from '../kernel/view.ts';
import { SceneBuilder, spread } from './builder.ts';

const TOP = 34;
const ID = { x: 12, w: 48 };
const CARD = { x: 72, w: 216 };
const REFERRED = { x: 388, w: 216 };
const ROW_H = 38;
const GAP_H = 16;
const PITCH = 54;

interface Card {
  readonly struct: string;
  readonly label: string;
  readonly detail: string;
}
/** A pointer of an object, with the field that holds it. */
interface Pointer {
  readonly via: string;
  readonly kind: NumberedKind;
  readonly addr: Addr;
}
interface Kind {
  card(kernel: Kernel, addr: Addr): Card;
  pointers(kernel: Kernel, addr: Addr): readonly Pointer[];
  /** Heading of the column that the pointers lead to. */
  readonly referred: string;
}

const LINK_TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(LinkType).map(([name, value]) => [value, name.toLowerCase()]),
);
const auxOf = (kernel: Kernel, prog: Addr): View =>
  kernel.view('bpf_prog_aux', kernel.view('bpf_prog', prog).ptr('aux'));

const KINDS: Readonly<Record<NumberedKind, Kind>> = {
  map: {
    card(kernel, addr) {
      const map = kernel.view('bpf_map', addr);
      const type = MAP_TYPE_NAMES[map.num('map_type')]?.toLowerCase() ?? `type ${map.num('map_type')}`;
      return {
        struct: 'bpf_map',
        label: map.str('name') || 'unnamed',
        detail: `${type} · refcnt ${map.num('refcnt')}`,
      };
    },
    pointers: () => [],
    referred: '',
  },
  prog: {
    card(kernel, addr) {
      const aux = auxOf(kernel, addr);
      const attached = aux.has('attach_func_name') ? aux.ptr('attach_func_name') : 0n;
      const to = attached === 0n ? '' : `${kernel.mem.text(attached, 64).replace(/^bpf_iter_/, 'iter/')} · `;
      return {
        struct: 'bpf_prog',
        label: aux.str('name') || 'unnamed',
        detail: `${to}refcnt ${aux.num('refcnt')}`,
      };
    },
    pointers(kernel, addr) {
      const aux = auxOf(kernel, addr);
      const list = aux.has('used_maps') ? aux.ptr('used_maps') : 0n;
      const count = list === 0n ? 0 : aux.num('used_map_cnt');
      return Array.from({ length: count }, (_, i) => ({
        via: `aux->used_maps[${i}]`,
        kind: 'map',
        addr: kernel.mem.u64(list + BigInt(i * 8)),
      }));
    },
    referred: 'maps it uses',
  },
  link: {
    card(kernel, addr) {
      const link = kernel.view('bpf_link', addr);
      const type = LINK_TYPE_NAMES.get(link.num('type')) ?? `type ${link.num('type')}`;
      return { struct: 'bpf_link', label: `${type} link`, detail: `refcnt ${link.num('refcnt')}` };
    },
    pointers(kernel, addr) {
      const prog = kernel.view('bpf_link', addr).ptr('prog');
      return prog === 0n ? [] : [{ via: 'prog', kind: 'prog', addr: prog }];
    },
    referred: 'program it runs',
  },
};

/** The picture of the objects of one kind. Counters are those before the walk. */
export const numberedScene =
  (kind: NumberedKind) =>
  (session: Session): Scene => {
    const { kernel, iter } = session;
    const scene = new SceneBuilder();
    const referred = new Map<
      Addr,
      { readonly pointer: Pointer; readonly from: { id: number; via: string }[] }
    >();
    let y = TOP;
    let before = -1;
    let previous = 0;
    const walk = iter.env.numbered[kind];
    for (let at = walk.atLeast(0); at; at = walk.atLeast(at.id + 1)) {
      const { id, addr } = at;
      const free = id - previous - 1;
      if (free > 0)
        scene.node(
          { kind: 'gap', label: `${free} free`, key: previous + 1 },
          { x: ID.x, y: y - (before < 0 ? 0 : PITCH - ROW_H), w: ID.w + 24, h: GAP_H },
        );
      if (free > 0 && before < 0) y += GAP_H + 4;
      const { struct, label, detail } = KINDS[kind].card(kernel, addr);
      const facts = { kind: 'item', addr, key: id, struct } as const;
      const card = scene.node({ ...facts, label, detail }, { ...CARD, y, h: ROW_H });
      const cell = scene.node({ ...facts, label: String(id) }, { ...ID, y, h: ROW_H });
      if (before >= 0) scene.edge(before, cell, 'next');
      for (const pointer of KINDS[kind].pointers(kernel, addr)) {
        const known = referred.get(pointer.addr);
        const from = { id: card, via: pointer.via };
        if (known) known.from.push(from);
        else referred.set(pointer.addr, { pointer, from: [from] });
      }
      [before, previous] = [cell, id];
      y += PITCH;
    }
    scene.node(
      { kind: 'end', label: 'end', detail: 'the program is called with NULL' },
      { x: ID.x, y, w: CARD.x + CARD.w - ID.x, h: 28 },
    );
    drawReferred(kernel, scene, [...referred.values()]);
    return scene.finish(`bpf_${kind}`, [
      { label: 'next id ≥', x: ID.x, w: ID.w },
      { label: `struct bpf_${kind}, refcnt before the walk`, ...CARD },
      ...(referred.size > 0 ? [{ label: KINDS[kind].referred, ...REFERRED }] : []),
    ]);
  };

function drawReferred(
  kernel: Kernel,
  scene: SceneBuilder,
  referred: readonly { readonly pointer: Pointer; readonly from: readonly { id: number; via: string }[] }[],
): void {
  const placed = referred
    .map((entry) => ({
      ...entry,
      middle: entry.from.reduce((sum, { id }) => sum + scene.middle(id), 0) / entry.from.length,
    }))
    .sort((a, b) => a.middle - b.middle);
  const tops = spread(
    placed.map(({ middle }) => middle),
    ROW_H,
    10,
    TOP,
  );
  placed.forEach(({ pointer, from }, i) => {
    const card = KINDS[pointer.kind].card(kernel, pointer.addr);
    const node = scene.node(
      { kind: 'object', addr: pointer.addr, ...card },
      { ...REFERRED, y: tops[i] ?? TOP, h: ROW_H },
    );
    for (const { id, via } of from) scene.edge(id, node, via);
  });
}
