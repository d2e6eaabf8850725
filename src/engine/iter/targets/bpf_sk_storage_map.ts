/**
 * `bpf_sk_storage_map`: every value that a map keeps on sockets, with its socket.
 *
 * The walk goes through the map's own buckets, under RCU for each; which bucket a value is in follows from its
 * address. Between reads a bucket and a count of elements to skip are kept: what came or went in that bucket
 * meanwhile shifts the rest. The value is the live one: a program may change it.
 *
 * Source: net/core/bpf_sk_storage.c, Linux 6.12.
 */
import { EngineBug } from '../../../shared/assert.ts';
import { MapType } from '../../abi/uapi.ts';
import { SkStorageMap } from '../../bpf/maps/local_storage.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import { finiMap, initMap, mapOf, mapParameters } from './map_common.ts';

function storageOf(session: Session): SkStorageMap {
  const map = mapOf(session.kernel, session.priv);
  if (!(map instanceof SkStorageMap)) throw new EngineBug(`map ${map.id} is no storage of sockets`);
  return map;
}
const elemAt = ({ kernel }: Session, addr: Obj): View => kernel.view('bpf_local_storage_elem', addr);

/** Elements of a bucket whose sockets still have their storage, each with its place in the bucket. */
function* living(map: SkStorageMap, bucket: number): Generator<{ elem: View; place: number }> {
  let place = 0;
  for (const elem of map.bucketElements(bucket)) {
    if (elem.ptr('local_storage') !== 0n) yield { elem, place };
    place++;
  }
}

/** The first that lives from the bucket and place kept on. @kernel bpf_sk_storage_map_seq_find_next, net/core/bpf_sk_storage.c @fidelity full: app/walks/targets.test.ts */
function firstFrom(session: Session): Obj {
  const { priv } = session;
  const map = storageOf(session);
  let skip = priv.num('skip_elems');
  for (let bucket = priv.num('bucket_id'); bucket < map.bucketCount; bucket++, skip = 0) {
    for (const { elem, place } of living(map, bucket)) {
      if (place < skip) continue;
      session.held('rcu', NULL, 1);
      priv.set('bucket_id', bucket);
      priv.set('skip_elems', place);
      return elem.addr;
    }
  }
  priv.set('bucket_id', map.bucketCount);
  priv.set('skip_elems', 0);
  return NULL;
}

/** The one behind it in its bucket; when it was the last, RCU is left and the next bucket comes. */
function nextElem(session: Session, previous: Obj): Obj {
  const { priv } = session;
  let skip = priv.num('skip_elems') + 1;
  const map = storageOf(session);
  for (let elem = map.nextInBucket(elemAt(session, previous)); elem; elem = map.nextInBucket(elem), skip++) {
    if (elem.ptr('local_storage') === 0n) continue;
    priv.set('skip_elems', skip);
    return elem.addr;
  }
  session.held('rcu', NULL, -1);
  priv.set('bucket_id', priv.num('bucket_id') + 1);
  priv.set('skip_elems', 0);
  return firstFrom(session);
}

/**
 * @kernel bpf_sk_storage_map_seq_start, bpf_sk_storage_map_seq_next, bpf_sk_storage_map_seq_show, bpf_sk_storage_map_seq_stop, net/core/bpf_sk_storage.c
 * @fidelity full: app/walks/targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('bpf_sk_storage_map.start');
    const elem = firstFrom(session);
    if (elem !== NULL && session.seq.index === 0) session.seq.index = 1;
    return elem;
  },
  next(session, elem) {
    session.line('bpf_sk_storage_map.next');
    session.seq.index++;
    return nextElem(session, elem);
  },
  show(session, addr) {
    session.line('bpf_sk_storage_map.show');
    const map = storageOf(session);
    const elem = elemAt(session, addr);
    return runIterProg(session, (ctx) => {
      ctx.set('map', map.addr);
      ctx.set('sk', map.ownerOf(elem));
      ctx.set('value', map.dataOf(elem));
    });
  },
  stop(session, elem) {
    session.line('bpf_sk_storage_map.stop');
    const map = session.priv.ptr('map');
    if (elem === NULL) runFinalProg(session, (ctx) => ctx.set('map', map));
    else session.held('rcu', NULL, -1);
  },
};

export const bpfSkStorageMapTarget: IterReg = {
  target: 'bpf_sk_storage_map',
  ctxArgs: [
    { offset: 16, type: 'btf_or_null' },
    { offset: 24, type: 'rdwr_buf_or_null' },
  ],
  resched: false,
  extraHelpers: [],
  ...mapParameters({
    types: new Set([MapType.SK_STORAGE]),
    keyBytes: () => Infinity,
    valueBytes: (map) => map.spec.valueSize,
  }),
  seqInfo: () => ({
    ops,
    privStruct: 'bpf_iter_seq_sk_storage_map_info',
    initPriv: initMap,
    finiPriv: finiMap,
  }),
  identify: ({ priv, seq }) => ({ owner: priv.ptr('map'), key: seq.index - 1 }),
  code: [
    pseudoCode(
      'iter/bpf_sk_storage_map',
      'bpf_sk_storage_map',
      `
  start | start: rcu_read_lock; in the bucket kept, past the elements to skip
  next  | next: the next in the bucket, or rcu_read_unlock and the first of the next bucket that has one
  show  | show: run the program with { meta, map, sk, value }
  stop  | stop: rcu_read_unlock; at the end, where no bucket is held, run the program with sk = value = NULL
`,
    ),
  ],
};
