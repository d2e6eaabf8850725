/**
 * Local storage: values that hang on a task, a cgroup, a socket or an inode, and go when it goes.
 *
 *     owner->bpf_storage -> struct bpf_local_storage { list } -> elem -> elem   (one for each map)
 *                                                                 |
 *     map->buckets[i].list -------------------------------------> elem -> ...   (all owners)
 *
 * A program looks a value up by its owner's address; user space by an fd that names the owner.
 *
 * Source: kernel/bpf/bpf_local_storage.c, bpf_task_storage.c, bpf_cgrp_storage.c,
 * bpf_inode_storage.c, net/core/bpf_sk_storage.c,
 * Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { containerOf, hlistAddHead, hlistDel, hlistNodes } from '../../kernel/list.ts';
import type { View } from '../../kernel/view.ts';
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_F_NO_PREALLOC,
  BPF_NOEXIST,
  BpfMap,
  mapsByAddr,
} from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

export const BPF_LOCAL_STORAGE_GET_F_CREATE = 1n;
const BPF_F_CLONE = 1 << 9;
const ELEM = 'bpf_local_storage_elem';
/** BPF_LOCAL_STORAGE_MAX_VALUE_SIZE: an element's size is kept in 16 bits, 128 of its bytes are its head. */
export const LOCAL_STORAGE_MAX_VALUE: Bytes = 0xffff - 128;

/**
 * @param clone BPF_F_CLONE is allowed: sockets only
 * @kernel bpf_local_storage_map_alloc_check, kernel/bpf/bpf_local_storage.c
 * @fidelity full: local_storage.test.ts
 */
export function localStorageAllocCheck(spec: MapSpec, clone = false): NegErrno {
  const known = BPF_F_NO_PREALLOC | (clone ? BPF_F_CLONE : 0);
  if ((spec.flags & ~known) !== 0 || (spec.flags & BPF_F_NO_PREALLOC) === 0) return fail('EINVAL');
  if (spec.maxEntries !== 0 || spec.keySize !== 4 || spec.valueSize === 0) return fail('EINVAL');
  if (!spec.btf || spec.btf.key === 0 || spec.btf.value === 0) return fail('EINVAL');
  return spec.valueSize > LOCAL_STORAGE_MAX_VALUE ? fail('E2BIG') : 0;
}

export abstract class LocalStorageMap extends BpfMap {
  private readonly buckets: Addr;
  private readonly bucketSize: Bytes;
  readonly bucketCount: number;

  constructor(init: MapInit) {
    super(init, 'bpf_local_storage_map');
    const bucketLog = Math.max(1, Math.ceil(Math.log2(this.cpus)));
    this.bucketCount = 1 << bucketLog;
    this.bucketSize = this.kernel.types.struct('bpf_local_storage_map_bucket').size;
    this.buckets = this.mem.alloc(this.bucketCount * this.bucketSize, 8);
    this.container.set('buckets', this.buckets);
    this.container.trySet('bucket_log', bucketLog);
    this.container.trySet('elem_size', this.dataOffset + this.spec.valueSize);
  }

  /** Where the owner keeps its struct bpf_local_storage: address of the pointer, 0 when it can have none. */
  abstract storageAt(owner: Addr): Addr;

  private get dataOffset(): Bytes {
    return this.kernel.types.struct(ELEM).field('sdata.data').offset;
  }
  /** Head of the list of one bucket. */
  bucket(index: number): Addr {
    return this.buckets + BigInt(index * this.bucketSize);
  }

  /** The element of this map on an owner, or null. */
  find(owner: Addr): View | null {
    const at = this.storageAt(owner);
    const storage = at === 0n ? 0n : this.mem.u64(at);
    if (storage === 0n) return null;
    for (const elem of elementsOf(this.kernel, storage))
      if (elem.ptr('sdata.smap') === this.addr) return elem;
    return null;
  }
  dataOf(elem: View): Addr {
    return elem.addr + BigInt(this.dataOffset);
  }

  /**
   * The value on an owner; with F_CREATE made when it is absent, from `initial` (0: zeros).
   *
   * @returns its address, or 0
   * @kernel bpf_task_storage_get, kernel/bpf/bpf_task_storage.c
   * @fidelity full: local_storage.test.ts
   */
  get(owner: Addr, initial: Addr, flags: bigint): Addr {
    if ((flags & ~BPF_LOCAL_STORAGE_GET_F_CREATE) !== 0n || owner === 0n) return 0n;
    const found = this.find(owner);
    if (found) return this.dataOf(found);
    if (flags === 0n || this.storageAt(owner) === 0n) return 0n;
    return this.dataOf(this.insert(owner, initial));
  }

  /**
   * @kernel bpf_local_storage_update, kernel/bpf/bpf_local_storage.c
   * @fidelity full: local_storage.test.ts
   */
  set(owner: Addr, value: Addr, flags: bigint): NegErrno {
    const how = flags & ~BPF_F_LOCK;
    if (how > BPF_EXIST || ((flags & BPF_F_LOCK) !== 0n && !this.hasSpinLock)) return fail('EINVAL');
    const old = this.find(owner);
    if (old && how === BPF_NOEXIST) return fail('EEXIST');
    if (!old && how === BPF_EXIST) return fail('ENOENT');
    if (old && (flags & BPF_F_LOCK) !== 0n) {
      this.copyValue(this.dataOf(old), value);
      return 0;
    }
    if (old) this.unlink(old);
    this.insert(owner, value);
    return 0;
  }

  /** @kernel bpf_task_storage_delete, kernel/bpf/bpf_task_storage.c @fidelity full: local_storage.test.ts */
  remove(owner: Addr): NegErrno {
    const found = owner === 0n ? null : this.find(owner);
    if (!found) return fail('ENOENT');
    this.unlink(found);
    return 0;
  }

  private insert(owner: Addr, value: Addr): View {
    const { mem, kernel } = this;
    const at = this.storageAt(owner);
    if (mem.u64(at) === 0n) {
      const made = kernel.alloc('bpf_local_storage');
      made.set('owner', owner);
      mem.setU64(at, made.addr);
    }
    const storage = kernel.view('bpf_local_storage', mem.u64(at));
    const elem = kernel.view(ELEM, mem.alloc(this.dataOffset + this.slotSize, 64));
    elem.set('sdata.smap', this.addr);
    elem.set('local_storage', storage.addr);
    if (value !== 0n) this.copyValue(this.dataOf(elem), value);
    hlistAddHead(mem, elem.at('snode'), storage.at('list'));
    const index = Number((elem.addr >> 6n) % BigInt(this.bucketCount));
    hlistAddHead(mem, elem.at('map_node'), this.bucket(index));
    return elem;
  }

  private unlink(elem: View): void {
    hlistDel(this.mem, elem.at('map_node'));
    unlinkFromOwner(this.kernel, elem, (owner) => this.storageAt(owner));
  }

  /** Elements of one bucket, newest first. */
  *bucketElements(bucket: number): Generator<View> {
    for (const node of hlistNodes(this.mem, this.bucket(bucket)))
      yield containerOf(this.kernel, node, ELEM, 'map_node');
  }
  /** The element after this one in its bucket, or null. */
  nextInBucket(elem: View): View | null {
    const node = elem.ptr('map_node.next');
    return node === 0n ? null : containerOf(this.kernel, node, ELEM, 'map_node');
  }
  /** Elements in order of buckets. */
  *elements(): Generator<View> {
    for (let i = 0; i < this.bucketCount; i++) yield* this.bucketElements(i);
  }
  ownerOf(elem: View): Addr {
    return elem.deref('local_storage')?.ptr('owner') ?? 0n;
  }

  /** Programs and system calls come by owner, not by key. */
  override lookup(_key: Addr): Addr {
    return 0n;
  }
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EOPNOTSUPP');
  }
  override delete(_key: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }
  /** @kernel notsupp_get_next_key, kernel/bpf/bpf_task_storage.c @fidelity full: local_storage.test.ts */
  override getNextKey(_key: Addr, _next: Addr): NegErrno {
    return fail('ENOTSUPP');
  }

  protected override freeContent(): void {
    const all = Array.from(this.elements());
    for (const elem of all) this.unlink(elem);
    this.mem.release(this.buckets);
  }

  /** BPF_MAP_UPDATE_ELEM for an owner. */
  writeFor(owner: Addr, value: Uint8Array, flags = BPF_ANY): NegErrno {
    const at = this.mem.alloc(this.slotSize, 8);
    this.mem.setBytes(at, value);
    const result = this.set(owner, at, flags);
    this.mem.release(at);
    return result;
  }
  /** BPF_MAP_LOOKUP_ELEM for an owner; the kernel's own fields read as zeros. */
  readFor(owner: Addr): Uint8Array | null {
    const elem = this.find(owner);
    if (!elem) return null;
    const out = this.mem.bytes(this.dataOf(elem), this.spec.valueSize);
    for (const { offset, size } of this.special) out.fill(0, offset, offset + size);
    return out;
  }
}

/** Whose storage a kind of map is: the owner's struct and its pointer to what it stores. */
const OWNERS = {
  task: ['task_struct', 'bpf_storage'],
  cgroup: ['cgroup', 'bpf_cgrp_storage'],
  sock: ['sock', 'sk_bpf_storage'],
} as const;
/** What the security module hangs on an inode, made when BPF first needs it: a pointer to its storage. */
const BLOB = 'bpf_storage_blob';

function pointerOf(kernel: Kernel, [struct, field]: (typeof OWNERS)[keyof typeof OWNERS], owner: Addr): Addr {
  const view = kernel.view(struct, owner);
  return view.has(field) ? view.at(field) : 0n;
}

export class TaskStorageMap extends LocalStorageMap {
  override storageAt(task: Addr): Addr {
    return pointerOf(this.kernel, OWNERS.task, task);
  }
}
export class CgroupStorageMap extends LocalStorageMap {
  override storageAt(cgroup: Addr): Addr {
    return pointerOf(this.kernel, OWNERS.cgroup, cgroup);
  }
}
export class SkStorageMap extends LocalStorageMap {
  override storageAt(sk: Addr): Addr {
    return pointerOf(this.kernel, OWNERS.sock, sk);
  }
}

export class InodeStorageMap extends LocalStorageMap {
  /** @kernel inode_storage_ptr, kernel/bpf/bpf_inode_storage.c @fidelity partial: BPF is the only security module with something on an inode */
  override storageAt(inode: Addr): Addr {
    const view = this.kernel.view('inode', inode);
    if (!view.has('i_security')) return 0n;
    if (view.ptr('i_security') === 0n) view.set('i_security', this.kernel.alloc(BLOB).addr);
    return this.kernel.view(BLOB, view.ptr('i_security')).at('storage');
  }
}

/** From now on what hangs on a task, cgroup or socket is freed with it. */
export function freeStorageWithOwner(kernel: Kernel): void {
  for (const owner of Object.values(OWNERS))
    kernel.onFree(owner[0], ({ addr }) => {
      const at = pointerOf(kernel, owner, addr);
      if (at !== 0n) destroyLocalStorage(kernel, at);
    });
  kernel.onFree('inode', (inode) => {
    const blob = inode.has('i_security') ? inode.ptr('i_security') : 0n;
    if (blob === 0n) return;
    destroyLocalStorage(kernel, kernel.view(BLOB, blob).at('storage'));
    kernel.mem.release(blob);
  });
}

function* elementsOf(kernel: Kernel, storage: Addr): Generator<View> {
  const head = kernel.view('bpf_local_storage', storage).at('list');
  for (const node of hlistNodes(kernel.mem, head)) yield containerOf(kernel, node, ELEM, 'snode');
}

/** Takes an element from its owner and frees it; with the last one goes the owner's storage. */
function unlinkFromOwner(kernel: Kernel, elem: View, storageAt: (owner: Addr) => Addr): void {
  const storage = elem.deref('local_storage');
  hlistDel(kernel.mem, elem.at('snode'));
  kernel.mem.release(elem.addr);
  if (!storage || kernel.mem.u64(storage.at('list')) !== 0n) return;
  kernel.mem.setU64(storageAt(storage.ptr('owner')), 0n);
  kernel.mem.release(storage.addr);
}

/**
 * Frees everything that hangs on an owner that goes away.
 *
 * @param at address of the owner's pointer to its struct bpf_local_storage
 * @kernel bpf_local_storage_destroy, kernel/bpf/bpf_local_storage.c
 * @fidelity full: local_storage.test.ts
 */
function destroyLocalStorage(kernel: Kernel, at: Addr): void {
  const storage = kernel.mem.u64(at);
  for (const elem of storage === 0n ? [] : [...elementsOf(kernel, storage)]) {
    const map = mapsByAddr.find(kernel, elem.ptr('sdata.smap'));
    if (!map) continue;
    hlistDel(kernel.mem, elem.at('map_node'));
    unlinkFromOwner(kernel, elem, () => at);
  }
}
