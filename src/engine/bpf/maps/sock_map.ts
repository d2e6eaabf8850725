/**
 * Maps of sockets: by index, or by key in a hash table.
 *
 *     bpf_stab.sks[index] -> sock        bpf_shtab.buckets[hash & (n - 1)] -> bpf_shtab_elem { sk, key } -> ...
 *
 * User space stores a socket by its fd, a program by its address; user space reads back a cookie. A map keeps no
 * socket alive: one that leaves its table, by close or abort, leaves all maps.
 *
 * Source: net/core/sock_map.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { keyHash } from '../../kernel/jhash.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { containerOf, hlistAddHead, hlistDel, hlistNodes } from '../../kernel/list.ts';
import {
  AF,
  IPPROTO,
  isFullSock,
  onUnhash,
  SOCK,
  sockAt,
  sockCommon,
  sockCookie,
  TcpState,
} from '../../kernel/objects/sock.ts';
import type { View } from '../../kernel/view.ts';
import { BPF_EXIST, BPF_NOEXIST, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

const BPF_F_NUMA_NODE = 1 << 2;
const BPF_F_RDONLY = 1 << 3;
const BPF_F_WRONLY = 1 << 4;
const FLAGS = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY;
const COOKIE: Bytes = 8;
const POINTER: Bytes = 8;
/** MAX_BPF_STACK */
const MAX_KEY: Bytes = 512;
const ELEM = 'bpf_shtab_elem';

const wrongSizes = ({ maxEntries, valueSize, flags }: MapSpec): boolean =>
  maxEntries === 0 || (valueSize !== 4 && valueSize !== COOKIE) || (flags & ~FLAGS) !== 0;

/** @kernel sock_map_alloc, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
export const sockMapAllocCheck = (spec: MapSpec): NegErrno =>
  wrongSizes(spec) || spec.keySize !== 4 ? fail('EINVAL') : 0;

/** @kernel sock_hash_alloc, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
export function sockHashAllocCheck(spec: MapSpec): NegErrno {
  if (wrongSizes(spec) || spec.keySize === 0) return fail('EINVAL');
  return spec.keySize > MAX_KEY ? fail('E2BIG') : 0;
}

/** Protocols that let a map take their sockets over. @kernel sock_map_sk_is_suitable, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
function isSuitable(sk: View): boolean {
  const family = sk.num('__sk_common.skc_family');
  const [type, protocol] = [sk.num('sk_type'), sk.num('sk_protocol')];
  if (family === AF.UNIX) return type === SOCK.STREAM || type === SOCK.DGRAM;
  if (family !== AF.INET && family !== AF.INET6) return false;
  return (
    (type === SOCK.STREAM && protocol === IPPROTO.TCP) || (type === SOCK.DGRAM && protocol === IPPROTO.UDP)
  );
}

/** @kernel sock_map_sk_state_allowed, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
function isStateAllowed(sk: View): boolean {
  const state = sk.num('__sk_common.skc_state');
  if (sk.num('sk_type') !== SOCK.STREAM) return true;
  const listens = state === TcpState.LISTEN && sk.num('__sk_common.skc_family') !== AF.UNIX;
  return state === TcpState.ESTABLISHED || listens;
}

/** Maps that a socket must leave when it leaves its table. */
const maps = new WeakMap<Kernel, Set<SocketMap>>();
function joinMaps(kernel: Kernel, map: SocketMap): void {
  const known = maps.get(kernel);
  if (known) {
    known.add(map);
    return;
  }
  const all = new Set([map]);
  maps.set(kernel, all);
  onUnhash(kernel, (sk) => {
    for (const each of all) each.forget(sk);
  });
}

/** What both kinds have in common: which sockets they take. */
export abstract class SocketMap extends BpfMap {
  constructor(init: MapInit, container: string) {
    super(init, container);
    joinMaps(this.kernel, this);
  }

  /**
   * Stores a socket.
   *
   * @returns 0; -EINVAL for what is no whole socket, -EOPNOTSUPP for one of another protocol or state, or what
   *   the kind says
   * @kernel sock_map_update_elem, net/core/sock_map.c
   * @fidelity partial: no psock, so nothing of the socket changes
   */
  put(key: Addr, addr: Addr, flags: bigint): NegErrno {
    if (addr === 0n || !isFullSock(sockCommon(this.kernel, addr))) return fail('EINVAL');
    const sk = sockAt(this.kernel, addr);
    if (!isSuitable(sk) || !isStateAllowed(sk)) return fail('EOPNOTSUPP');
    if (flags > BPF_EXIST) return fail('EINVAL');
    return this.store(key, addr, flags);
  }
  /** As `put`, with a key from user space. */
  putFor(key: Uint8Array, sk: Addr, flags: bigint): NegErrno {
    const at = this.mem.alloc(alignUp(this.spec.keySize, 8), 8);
    this.mem.setBytes(at, key);
    const result = this.put(at, sk, flags);
    this.mem.release(at);
    return result;
  }
  protected abstract store(key: Addr, sk: Addr, flags: bigint): NegErrno;

  /** The socket has left its table. @kernel sock_map_unhash, sock_map_close, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
  abstract forget(sk: Addr): void;
  /** Address of the sock for a key, or 0. */
  abstract sockFor(key: Addr): Addr;

  protected checkPresence(present: boolean, flags: bigint): NegErrno {
    if (present && flags === BPF_NOEXIST) return fail('EEXIST');
    return !present && flags === BPF_EXIST ? fail('ENOENT') : 0;
  }

  /** A program's value is the address of a sock. */
  override update(key: Addr, value: Addr, flags: bigint): NegErrno {
    return this.put(key, value, flags);
  }
  override lookup(key: Addr): Addr {
    return this.sockFor(key);
  }
  /** User space sees a cookie, if there is room for one. @kernel sock_map_lookup_sys, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
  override read(key: Uint8Array): Uint8Array | null {
    const at = this.mem.alloc(alignUp(this.spec.keySize, 8), 8);
    this.mem.setBytes(at, key);
    const sk = this.sockFor(at);
    this.mem.release(at);
    if (sk === 0n) return null;
    return new Uint8Array(BigUint64Array.of(sockCookie(this.kernel, sockCommon(this.kernel, sk))).buffer);
  }
  /** False: a lookup gives ENOSPC, since values have no room for a cookie. */
  get hasCookies(): boolean {
    return this.spec.valueSize === COOKIE;
  }

  protected override freeContent(): void {
    maps.get(this.kernel)?.delete(this);
  }
}

export class SockMap extends SocketMap {
  private readonly socks: Addr;

  constructor(init: MapInit) {
    super(init, 'bpf_stab');
    this.socks = this.mem.alloc(this.spec.maxEntries * POINTER, 8);
    this.container.set('sks', this.socks);
  }

  private slot(index: number): Addr {
    return this.socks + BigInt(index * POINTER);
  }
  /** The sock at an index; 0 for an empty place. */
  at(index: number): Addr {
    return index < this.spec.maxEntries ? this.mem.u64(this.slot(index)) : 0n;
  }
  override sockFor(key: Addr): Addr {
    return this.at(this.mem.u32(key));
  }

  /** @kernel sock_map_update_common, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
  protected override store(key: Addr, sk: Addr, flags: bigint): NegErrno {
    const index = this.mem.u32(key);
    if (index >= this.spec.maxEntries) return fail('E2BIG');
    const error = this.checkPresence(this.at(index) !== 0n, flags);
    if (error === 0) this.mem.setU64(this.slot(index), sk);
    return error;
  }

  /** @kernel sock_map_delete_elem, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
  override delete(key: Addr): NegErrno {
    const index = this.mem.u32(key);
    if (this.at(index) === 0n) return fail('EINVAL');
    this.mem.setU64(this.slot(index), 0n);
    return 0;
  }

  /** @kernel sock_map_get_next_key, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
  override getNextKey(key: Addr, next: Addr): NegErrno {
    const index = key === 0n ? -1 : this.mem.u32(key);
    if (index === this.spec.maxEntries - 1) return fail('ENOENT');
    this.mem.setU32(next, index >= this.spec.maxEntries ? 0 : index + 1);
    return 0;
  }

  override forget(sk: Addr): void {
    for (let i = 0; i < this.spec.maxEntries; i++) if (this.at(i) === sk) this.mem.setU64(this.slot(i), 0n);
  }

  protected override freeContent(): void {
    super.freeContent();
    this.mem.release(this.socks);
  }
}

export class SockHash extends SocketMap {
  readonly buckets: number;
  private readonly table: Addr;
  private readonly bucketSize: Bytes;

  constructor(init: MapInit) {
    super(init, 'bpf_shtab');
    const { types } = this.kernel;
    this.buckets = 2 ** Math.ceil(Math.log2(this.spec.maxEntries));
    this.bucketSize = types.struct('bpf_shtab_bucket').size;
    this.table = this.mem.alloc(this.buckets * this.bucketSize, 8);
    this.container.set('buckets', this.table);
    this.container.set('buckets_num', this.buckets);
    this.container.set('elem_size', this.elemSize);
  }

  private get elemSize(): Bytes {
    return this.kernel.types.struct(ELEM).size + alignUp(this.spec.keySize, 8);
  }
  private bucket(index: number): Addr {
    return this.table + BigInt(index * this.bucketSize);
  }
  private hashOf(key: Addr): number {
    return keyHash(this.mem.bytes(key, this.spec.keySize), 0);
  }
  /** Elements of a bucket, newest first. */
  *elements(bucket: number): Generator<View> {
    for (const node of hlistNodes(this.mem, this.bucket(bucket)))
      yield containerOf(this.kernel, node, ELEM, 'node');
  }
  /** The element after this one in its bucket, or null. */
  next(elem: View): View | null {
    const node = elem.ptr('node.next');
    return node === 0n ? null : containerOf(this.kernel, node, ELEM, 'node');
  }

  private find(key: Addr): View | null {
    const want = this.mem.bytes(key, this.spec.keySize);
    for (const elem of this.elements(this.hashOf(key) & (this.buckets - 1)))
      if (this.mem.bytes(elem.at('key'), want.length).every((byte, i) => byte === want[i])) return elem;
    return null;
  }
  override sockFor(key: Addr): Addr {
    return this.find(key)?.ptr('sk') ?? 0n;
  }

  /** A new element at the head of its bucket, then the old one goes. @kernel sock_hash_update_common, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
  protected override store(key: Addr, sk: Addr, flags: bigint): NegErrno {
    const old = this.find(key);
    const error = this.checkPresence(old !== null, flags);
    if (error !== 0) return error;
    if (!old && this.count >= this.spec.maxEntries) return fail('E2BIG');
    const hash = this.hashOf(key);
    const elem = this.kernel.view(ELEM, this.mem.alloc(this.elemSize, 8));
    elem.set('hash', hash);
    elem.set('sk', sk);
    this.mem.setBytes(elem.at('key'), this.mem.bytes(key, this.spec.keySize));
    hlistAddHead(this.mem, elem.at('node'), this.bucket(hash & (this.buckets - 1)));
    this.container.set('count', this.count + 1);
    if (old) this.unlink(old);
    return 0;
  }

  private get count(): number {
    return this.container.num('count');
  }
  private unlink(elem: View): void {
    hlistDel(this.mem, elem.at('node'));
    this.mem.release(elem.addr);
    this.container.set('count', this.count - 1);
  }

  /** @kernel sock_hash_delete_elem, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
  override delete(key: Addr): NegErrno {
    const elem = this.find(key);
    if (!elem) return fail('ENOENT');
    this.unlink(elem);
    return 0;
  }

  /** @kernel sock_hash_get_next_key, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
  override getNextKey(key: Addr, next: Addr): NegErrno {
    const here = key === 0n ? null : this.find(key);
    const found = (here && this.next(here)) ?? this.firstFrom(here ? this.bucketOf(here) + 1 : 0);
    if (!found) return fail('ENOENT');
    this.mem.setBytes(next, this.mem.bytes(found.at('key'), this.spec.keySize));
    return 0;
  }
  private bucketOf(elem: View): number {
    return elem.num('hash') & (this.buckets - 1);
  }
  /** The first element in this bucket or a later one, or null. */
  firstFrom(bucket: number): View | null {
    for (let i = bucket; i < this.buckets; i++) for (const elem of this.elements(i)) return elem;
    return null;
  }

  override forget(sk: Addr): void {
    const gone = Array.from({ length: this.buckets }, (_, i) => [...this.elements(i)])
      .flat()
      .filter((elem) => elem.ptr('sk') === sk);
    for (const elem of gone) this.unlink(elem);
  }

  protected override freeContent(): void {
    super.freeContent();
    for (let elem = this.firstFrom(0); elem; elem = this.firstFrom(0)) this.unlink(elem);
    this.mem.release(this.table);
  }
}
