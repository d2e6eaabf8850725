/**
 * bpf_map_elem: of a hash map its buckets, with their chains to the right; of an array the strip of its
 * indexes with the bytes of each value. Values of per-cpu maps fan out, one cell for each processor.
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Session } from '../iter/session.ts';
import type { Addr } from '../../shared/brand.ts';
import { MAP_TYPE_NAMES } from '../abi/uapi.ts';
import { mapsByAddr } from '../bpf/map.ts';
import type { BpfMap } from '../bpf/map.ts';
import { IndexedMap } from '../bpf/maps/array.ts';
import { Htab } from '../bpf/maps/htab.ts';
import { PercpuArrayMap } from '../bpf/maps/percpu_array.ts';
import { PercpuHashMap } from '../bpf/maps/percpu_hash.ts';
import { percpuSlot } from '../bpf/percpu.ts';
import { SceneBuilder } from './builder.ts';
import { bytesText, keyText } from './value_text.ts';

const TOP = 34;
const HEAD_W = 502;
const HEAD_H = 28;
const CELL = { w: 150, h: 38, gap: 26 };
const BUCKET = { x: 12, w: 150 };
const PITCH = CELL.h + 12;
const PER_ROW = 3;
/** Elements that are drawn; the rest is counted. */
const DRAWN = 1000;
/** Processors whose values are drawn. */
const CPUS = 4;

/** What an element shows, and where its values lie. */
interface Elem {
  readonly addr: Addr;
  readonly label: string;
  /** Of per-cpu maps, the pointer to the copies. */
  readonly value: Addr;
}

/** A map that is being drawn. */
class Drawing {
  readonly scene = new SceneBuilder();
  readonly map: BpfMap;
  private readonly head: number;
  private readonly total: number;
  private last = -1;
  private count = 0;

  constructor(map: BpfMap, total: number, detail: string) {
    this.map = map;
    this.total = total;
    const type = MAP_TYPE_NAMES[map.spec.type]?.toLowerCase() ?? '';
    this.head = this.scene.node(
      { kind: 'group', addr: map.addr, label: map.spec.name, detail: `${type} · ${detail}` },
      { x: 12, y: TOP, w: HEAD_W, h: HEAD_H },
    );
  }

  get full(): boolean {
    return this.count >= DRAWN;
  }

  /** @param parent the bucket, or none @returns the node */
  elem(
    { addr, label, value }: Elem,
    at: { readonly x: number; readonly y: number },
    parent = this.head,
  ): number {
    const { scene, map } = this;
    const fans = isPercpu(map);
    const node = scene.node(
      {
        kind: 'item',
        addr,
        key: this.count++,
        owner: map.addr,
        label,
        detail: fans ? `${map.cpus} copies` : this.bytes(value),
        parent,
        struct: map instanceof Htab ? 'htab_elem' : '',
      },
      { ...at, w: CELL.w, h: CELL.h },
    );
    if (fans) this.fan(node, value, at);
    return node;
  }

  private fan(from: number, pointer: Addr, at: { readonly x: number; readonly y: number }): void {
    const { scene, map } = this;
    const x = (cpu: number): number => at.x + (cpu + 1) * (CELL.w + CELL.gap);
    const cpus = Math.min(map.cpus, CPUS);
    for (let cpu = 0; cpu < cpus; cpu++) {
      const slot = percpuSlot(pointer, map.slotSize, cpu);
      const cell = scene.node(
        { kind: 'object', addr: slot, label: `cpu ${cpu}`, detail: this.bytes(slot) },
        { x: x(cpu), y: at.y, w: CELL.w, h: CELL.h },
      );
      if (cpu === 0) scene.edge(from, cell, 'value');
    }
    if (cpus < map.cpus)
      scene.node(
        { kind: 'gap', label: `${cpus} of ${map.cpus}` },
        { x: x(cpus), y: at.y, w: CELL.w / 2, h: CELL.h },
      );
  }

  private bytes(value: Addr): string {
    return bytesText(this.map.mem.bytes(value, this.map.spec.valueSize), 5);
  }

  /** An arrow along the walk, from the element before or the bucket. */
  step(from: number, to: number): void {
    this.scene.edge(from, to, 'next');
  }

  /** As `step`, along a strip without buckets. */
  follow(to: number): void {
    if (this.last >= 0) this.step(this.last, to);
    this.last = to;
  }

  finish(y: number, columns: Scene['columns']): Scene {
    let top = y;
    if (this.count < this.total) {
      this.scene.node(
        { kind: 'gap', label: `${this.count} of ${this.total} drawn`, detail: 'the walk visits them all' },
        { x: 12, y: top, w: 2 * (CELL.w + CELL.gap), h: 20 },
      );
      top += 28;
    }
    this.scene.node(
      { kind: 'end', label: 'end', detail: 'the program is called with key = value = NULL' },
      { x: 12, y: top, w: 2 * (CELL.w + CELL.gap), h: 28 },
    );
    return this.scene.finish('bpf_map_elem', columns);
  }
}

const isPercpu = (map: BpfMap): boolean => map instanceof PercpuArrayMap || map instanceof PercpuHashMap;

export function bpfMapElemScene({ kernel, priv }: Session): Scene {
  const map = mapsByAddr.at(kernel, priv.ptr('map'));
  if (map instanceof Htab) return hashScene(map);
  if (map instanceof IndexedMap) return arrayScene(map);
  return new Drawing(map, 0, 'not walked').finish(TOP + HEAD_H + 12, []);
}

function arrayScene(map: IndexedMap): Scene {
  const total = map.spec.maxEntries;
  const drawing = new Drawing(map, total, `${total} elements of ${map.spec.valueSize} B`);
  const perRow = isPercpu(map) ? 1 : PER_ROW + 1;
  const first = TOP + HEAD_H + 12;
  for (let i = 0; i < total && !drawing.full; i++) {
    const addr = map instanceof PercpuArrayMap ? map.pointer(i) : map.values + BigInt(i * map.slotSize);
    const at = {
      x: 12 + (i % perRow) * (CELL.w + CELL.gap),
      y: first + Math.floor(i / perRow) * (PITCH + (perRow > 1 ? 10 : 0)),
    };
    drawing.follow(drawing.elem({ addr, label: `[${i}]`, value: addr }, at));
  }
  const rows = Math.ceil(Math.min(total, DRAWN) / perRow);
  return drawing.finish(first + rows * (PITCH + (perRow > 1 ? 10 : 0)), [
    { label: 'the key is the index', x: 12, w: 300 },
  ]);
}

function hashScene(map: Htab): Scene {
  const { mem } = map;
  const drawing = new Drawing(map, map.count, `${map.count} elements in ${map.buckets} buckets`);
  const left = BUCKET.x + BUCKET.w + CELL.gap;
  const perRow = isPercpu(map) ? 1 : PER_ROW;
  let y = TOP + HEAD_H + 12;
  let empty = 0;
  const foldEmpty = (end: number): void => {
    if (empty === 0) return;
    const range = empty === 1 ? `bucket ${end - 1}` : `buckets ${end - empty}–${end - 1}`;
    drawing.scene.node(
      { kind: 'gap', label: range, detail: 'empty', key: end - empty, reason: 'empty bucket' },
      { ...BUCKET, y, h: 22 },
    );
    empty = 0;
    y += 22 + 12;
  };
  for (let bucket = 0; bucket < map.buckets && !drawing.full; bucket++) {
    const chain = chainOf(map, bucket);
    if (chain.length === 0) {
      empty++;
      continue;
    }
    foldEmpty(bucket);
    const box = drawing.scene.node(
      { kind: 'group', label: `bucket ${bucket}`, detail: String(chain.length), key: bucket },
      { ...BUCKET, y, h: CELL.h },
    );
    let from = box;
    chain.forEach((addr, i) => {
      const at = {
        x: left + (i % perRow) * (CELL.w + CELL.gap),
        y: y + Math.floor(i / perRow) * (PITCH + 10),
      };
      const label = keyText(mem.bytes(map.keyOf(addr), map.spec.keySize));
      const value = map instanceof PercpuHashMap ? map.pointer(addr) : map.valueAt(addr);
      const node = drawing.elem({ addr, label, value }, at, box);
      drawing.step(from, node);
      from = node;
    });
    const rows = Math.ceil(chain.length / perRow);
    y += PITCH + (rows - 1) * (PITCH + 10);
  }
  if (!drawing.full) foldEmpty(map.buckets);
  return drawing.finish(y, [
    { label: 'bucket = hash & (n − 1)', ...BUCKET },
    { label: 'elements in chain order, the newest first', x: left, w: 400 },
  ]);
}

function chainOf(map: Htab, bucket: number): readonly Addr[] {
  const chain: Addr[] = [];
  for (let elem = map.first(bucket); elem !== 0n; elem = map.next(elem)) chain.push(elem);
  return chain;
}
