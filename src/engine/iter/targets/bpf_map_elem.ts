/**
 * `bpf_map_elem`: every element of one map.
 *
 * Arrays go by index, hash maps bucket by bucket. Key and value point into the map, so what a program
 * writes through `value` is in the map; values of per-cpu maps are copied together first, and writes to the
 * copy are lost. Between reads of a hash map only a bucket and a count of elements to skip are kept: what
 * was inserted or deleted in that bucket meanwhile shifts the rest.
 *
 * Source: kernel/bpf/map_iter.c, arraymap.c, hashtab.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { EngineBug } from '../../../shared/assert.ts';
import { MapType } from '../../abi/uapi.ts';
import type { BpfMap } from '../../bpf/map.ts';
import { IndexedMap } from '../../bpf/maps/array.ts';
import { Htab } from '../../bpf/maps/htab.ts';
import { PercpuArrayMap } from '../../bpf/maps/percpu_array.ts';
import { PercpuHashMap } from '../../bpf/maps/percpu_hash.ts';
import { percpuSlot } from '../../bpf/percpu.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import { finiMap, initMap, mapOf, mapParameters } from './map_common.ts';

/** Types of maps that can be walked. */
export const WALKABLE_MAPS: ReadonlySet<number> = new Set([
  MapType.HASH,
  MapType.LRU_HASH,
  MapType.ARRAY,
  MapType.PERCPU_HASH,
  MapType.LRU_PERCPU_HASH,
  MapType.PERCPU_ARRAY,
]);

const isPercpu = (map: BpfMap): boolean => map instanceof PercpuArrayMap || map instanceof PercpuHashMap;
/** What a program sees as one value: of per-cpu maps, every processor's in a slot. */
const valueBytes = (map: BpfMap): Bytes => (isPercpu(map) ? map.slotSize * map.cpus : map.spec.valueSize);

// -- open and close ------------------------------------------------------------------------------------------

function initPriv(session: Session, aux: View): 0 {
  const { kernel, priv } = session;
  const map = mapOf(kernel, aux);
  if (isPercpu(map)) priv.set('percpu_value_buf', kernel.mem.alloc(map.slotSize * map.cpus));
  priv.trySet('htab', map instanceof Htab ? map.container.addr : 0n);
  return initMap(session, aux);
}

function finiPriv(session: Session): void {
  const { kernel, priv } = session;
  finiMap(session);
  const copy = priv.ptr('percpu_value_buf');
  if (copy !== 0n) kernel.mem.release(copy);
}

// -- show ----------------------------------------------------------------------------------------------------

/** Every processor's value, side by side; locks and pointers read as zero. */
function copyPercpu(session: Session, map: BpfMap, pointer: Addr): Addr {
  const { mem } = session.kernel;
  const copy = session.priv.ptr('percpu_value_buf');
  mem.fill(copy, map.slotSize * map.cpus, 0);
  for (let cpu = 0; cpu < map.cpus; cpu++)
    map.copyValue(percpuSlot(copy, map.slotSize, cpu), percpuSlot(pointer, map.slotSize, cpu));
  return copy;
}

/** @param value the element's value, or its per-cpu pointer */
function showElem(session: Session, map: BpfMap, key: Addr, value: Addr): number {
  session.line('bpf_map_elem.show');
  const seen = isPercpu(map) ? copyPercpu(session, map, value) : value;
  return runIterProg(session, (ctx) => {
    ctx.set('map', map.addr);
    ctx.set('key', key);
    ctx.set('value', seen);
  });
}

function stop(session: Session, object: Obj): void {
  session.line('bpf_map_elem.stop');
  const map = session.priv.ptr('map');
  if (object === NULL) runFinalProg(session, (ctx) => ctx.set('map', map));
}

// -- arrays ----------------------------------------------------------------------------------------------------

function arrayOf(session: Session): IndexedMap {
  const map = mapOf(session.kernel, session.priv);
  if (!(map instanceof IndexedMap)) throw new EngineBug(`map ${map.id} is no array`);
  return map;
}

/** The element at the session's index: its value or its per-cpu pointer. */
function elemAtIndex(session: Session): Obj {
  const map = arrayOf(session);
  const index = session.priv.num('index');
  if (index >= map.spec.maxEntries) return NULL;
  return map instanceof PercpuArrayMap ? map.pointer(index) : map.values + BigInt(index * map.slotSize);
}

/**
 * @kernel bpf_array_map_seq_start, bpf_array_map_seq_next, kernel/bpf/arraymap.c
 * @fidelity full: bpf_targets.test.ts
 */
const arrayOps: SeqOps = {
  start(session) {
    session.line('bpf_map_elem.start');
    const elem = elemAtIndex(session);
    if (elem !== NULL && session.seq.index === 0) session.seq.index = 1;
    return elem;
  },
  next(session) {
    session.line('bpf_map_elem.next');
    session.seq.index++;
    session.priv.set('index', session.priv.num('index') + 1);
    return elemAtIndex(session);
  },
  show: (session, elem) => showElem(session, arrayOf(session), session.priv.at('index'), elem),
  stop,
};

// -- hash maps -------------------------------------------------------------------------------------------------

function htabOf(session: Session): Htab {
  const map = mapOf(session.kernel, session.priv);
  if (!(map instanceof Htab)) throw new EngineBug(`map ${map.id} is no hash map`);
  return map;
}

/** The element after `prev`, or without one the element at the bucket and count that were kept. */
function nextElem(session: Session, prev: Obj): Obj {
  const { priv } = session;
  const htab = htabOf(session);
  let bucket = priv.num('bucket_id');
  let skip = priv.num('skip_elems');
  if (bucket >= htab.buckets) return NULL;
  if (prev !== NULL) {
    const next = htab.next(prev);
    if (next !== NULL) return next;
    bucket++;
    skip = 0;
  }
  for (; bucket < htab.buckets; bucket++) {
    let elem = htab.first(bucket);
    for (let count = 0; elem !== NULL && count < skip; count++) elem = htab.next(elem);
    if (elem !== NULL) {
      priv.set('bucket_id', bucket);
      priv.set('skip_elems', skip);
      return elem;
    }
    skip = 0;
  }
  priv.set('bucket_id', bucket);
  priv.set('skip_elems', 0);
  return NULL;
}

/**
 * @kernel bpf_hash_map_seq_find_next, bpf_hash_map_seq_start, bpf_hash_map_seq_next, kernel/bpf/hashtab.c
 * @fidelity full: bpf_targets.test.ts
 */
const hashOps: SeqOps = {
  start(session) {
    session.line('bpf_map_elem.start');
    const elem = nextElem(session, NULL);
    if (elem !== NULL && session.seq.index === 0) session.seq.index = 1;
    return elem;
  },
  next(session, elem) {
    session.line('bpf_map_elem.next');
    session.seq.index++;
    session.priv.set('skip_elems', session.priv.num('skip_elems') + 1);
    return nextElem(session, elem);
  },
  show(session, elem) {
    const htab = htabOf(session);
    const value = htab instanceof PercpuHashMap ? htab.pointer(elem) : htab.valueAt(elem);
    return showElem(session, htab, htab.keyOf(elem), value);
  },
  stop,
};

export const bpfMapElemTarget: IterReg = {
  target: 'bpf_map_elem',
  ctxArgs: [
    { offset: 16, type: 'rdonly_buf_or_null' },
    { offset: 24, type: 'rdwr_buf_or_null' },
  ],
  resched: false,
  extraHelpers: [],
  ...mapParameters({ types: WALKABLE_MAPS, keyBytes: (map) => map.spec.keySize, valueBytes }),
  seqInfo: (kernel, aux) =>
    mapOf(kernel, aux) instanceof Htab
      ? { ops: hashOps, privStruct: 'bpf_iter_seq_hash_map_info', initPriv, finiPriv }
      : { ops: arrayOps, privStruct: 'bpf_iter_seq_array_map_info', initPriv, finiPriv },
  identify: (session) => ({
    owner: session.priv.ptr('map'),
    key: session.seq.index - 1,
  }),
  code: [
    pseudoCode(
      'iter/bpf_map_elem',
      'bpf_map_elem',
      `
  start | start: array: the element at index; hash: in the bucket kept, past the elements to skip
  next  | next: array: index + 1; hash: the next in the bucket, or the first of the next bucket that has one
  show  | show: run the program with { meta, map, key, value }
  stop  | stop: at the end run the program with key = value = NULL
`,
    ),
  ],
};
