/**
 * `sockmap`: every place of a map of sockets, or every element of a hash of them.
 *
 * In an array the object is the session's own record: an empty place is shown too, with a key and without a
 * socket. Of a hash only the bucket is kept between reads, so a read that ended in the middle of one begins it
 * again, and a bucket that never fits into one read is never left: Linux does so.
 *
 * Source: net/core/sock_map.c, Linux 6.12.
 */
import { EngineBug } from '../../../shared/assert.ts';
import { MapType } from '../../abi/uapi.ts';
import { SockHash, SockMap } from '../../bpf/maps/sock_map.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import { finiMap, initMap, mapOf, mapParameters } from './map_common.ts';

const store =
  ({ priv }: Session, key: Obj, sk: Obj) =>
  (ctx: View): void => {
    ctx.set('map', priv.ptr('map'));
    ctx.set('key', key);
    ctx.set('sk', sk);
  };

/** Both walks are under RCU from start to stop. */
function begin(session: Session): void {
  session.line('sockmap.start');
  session.held('rcu', NULL, 1);
  if (session.seq.index === 0) session.seq.index = 1;
}

function stop(session: Session, object: Obj): void {
  session.line('sockmap.stop');
  if (object === NULL) runFinalProg(session, store(session, NULL, NULL));
  session.held('rcu', NULL, -1);
}

// -- by index ------------------------------------------------------------------------------------------------

function arrayOf(session: Session): SockMap {
  const map = mapOf(session.kernel, session.priv);
  if (!(map instanceof SockMap)) throw new EngineBug(`map ${map.id} is no sockmap`);
  return map;
}

/** The record of the place at hand, whether a socket is there or not. @kernel sock_map_seq_lookup_elem, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
function place(session: Session): Obj {
  const { priv } = session;
  const map = arrayOf(session);
  const index = priv.num('index');
  if (index >= map.spec.maxEntries) return NULL;
  priv.set('sk', map.at(index));
  return priv.addr;
}

/**
 * @kernel sock_map_seq_start, sock_map_seq_next, sock_map_seq_show, sock_map_seq_stop, net/core/sock_map.c
 * @fidelity full: app/walks/targets.test.ts
 */
const arrayOps: SeqOps = {
  start(session) {
    begin(session);
    return place(session);
  },
  next(session) {
    session.line('sockmap.next');
    session.seq.index++;
    session.priv.set('index', session.priv.num('index') + 1);
    return place(session);
  },
  show(session) {
    session.line('sockmap.show');
    const { priv } = session;
    return runIterProg(session, store(session, priv.at('index'), priv.ptr('sk')));
  },
  stop,
};

// -- by key --------------------------------------------------------------------------------------------------

function hashOf(session: Session): SockHash {
  const map = mapOf(session.kernel, session.priv);
  if (!(map instanceof SockHash)) throw new EngineBug(`map ${map.id} is no sockhash`);
  return map;
}
const elemAt = ({ kernel }: Session, addr: Obj): View => kernel.view('bpf_shtab_elem', addr);

/** @kernel sock_hash_seq_find_next, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
function nextElem(session: Session, previous: Obj): Obj {
  const { priv } = session;
  const map = hashOf(session);
  if (previous !== NULL) {
    const next = map.next(elemAt(session, previous));
    if (next) return next.addr;
    priv.set('bucket_id', priv.num('bucket_id') + 1);
  }
  for (let bucket = priv.num('bucket_id'); bucket < map.buckets; bucket++) {
    priv.set('bucket_id', bucket);
    for (const elem of map.elements(bucket)) return elem.addr;
  }
  priv.set('bucket_id', map.buckets);
  return NULL;
}

/**
 * @kernel sock_hash_seq_start, sock_hash_seq_next, sock_hash_seq_show, sock_hash_seq_stop, net/core/sock_map.c
 * @fidelity full: app/walks/targets.test.ts
 */
const hashOps: SeqOps = {
  start(session) {
    begin(session);
    return nextElem(session, NULL);
  },
  next(session, elem) {
    session.line('sockmap.next');
    session.seq.index++;
    return nextElem(session, elem);
  },
  show(session, addr) {
    session.line('sockmap.show');
    const elem = elemAt(session, addr);
    return runIterProg(session, store(session, elem.at('key'), elem.ptr('sk')));
  },
  stop,
};

const isHash = (map: unknown): map is SockHash => map instanceof SockHash;

function initPriv(session: Session, aux: View): 0 {
  const map = mapOf(session.kernel, aux);
  if (isHash(map)) session.priv.set('htab', map.container.addr);
  return initMap(session, aux);
}

export const sockmapTarget: IterReg = {
  target: 'sockmap',
  ctxArgs: [
    { offset: 16, type: 'rdonly_buf_or_null' },
    { offset: 24, type: 'btf_or_null' },
  ],
  resched: false,
  extraHelpers: [],
  ...mapParameters({
    types: new Set([MapType.SOCKMAP, MapType.SOCKHASH]),
    keyBytes: (map) => map.spec.keySize,
    valueBytes: () => Infinity,
  }),
  seqInfo: (kernel, aux) =>
    isHash(mapOf(kernel, aux))
      ? { ops: hashOps, privStruct: 'sock_hash_seq_info', initPriv, finiPriv: finiMap }
      : { ops: arrayOps, privStruct: 'sock_map_seq_info', initPriv, finiPriv: finiMap },
  /** A place is known by its index, an element by its number in the walk. */
  identify: ({ kernel, priv, seq }) => ({
    owner: priv.ptr('map'),
    key: isHash(mapOf(kernel, priv)) ? seq.index - 1 : priv.num('index'),
  }),
  code: [
    pseudoCode(
      'iter/sockmap',
      'sockmap',
      `
  start | start: rcu_read_lock; array: the place at index; hash: the first of the bucket kept, or of a later one
  next  | next: array: index + 1; hash: the next in the bucket, or the first of the next bucket that has one
  show  | show: run the program with { meta, map, key, sk }; the sk of an empty place is NULL
  stop  | stop: at the end run the program with key = sk = NULL; rcu_read_unlock
`,
    ),
  ],
};
