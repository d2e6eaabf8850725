/**
 * Longest prefix match: keys are prefixes of bit strings, and a lookup finds the longest that fits.
 *
 *     lpm_trie.root -> node { prefixlen, data } -> child[0], child[1] by the bit behind the prefix
 *
 * A node without a value of its own (an intermediate one) stands where two prefixes part; it always has both
 * children. The value stands behind the bytes of the prefix. Keys are walked in postorder: longer prefixes come
 * before those that cover them.
 *
 * Source: kernel/bpf/lpm_trie.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { View } from '../../kernel/view.ts';
import { BPF_EXIST, BPF_F_NO_PREALLOC, BPF_NOEXIST, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';
import { KMALLOC_MAX_SIZE, NODE_AND_ACCESS, flagsOk } from './create_flags.ts';

/** `__u32 prefixlen` in front of a key's bytes. */
const LENGTH: Bytes = 4;
const MAX_DATA: Bytes = 256;
/** A node's head. */
const NODE: Bytes = 40;
const POINTER = 8n;
/** LPM_TREE_NODE_FLAG_IM */
const INTERMEDIATE = 1;

/** @kernel trie_alloc, kernel/bpf/lpm_trie.c @fidelity full: more_maps.test.ts */
export function lpmAllocCheck({ flags, maxEntries, keySize, valueSize }: MapSpec): NegErrno {
  if (maxEntries === 0 || (flags & BPF_F_NO_PREALLOC) === 0) return fail('EINVAL');
  if (!flagsOk(flags, BPF_F_NO_PREALLOC | NODE_AND_ACCESS)) return fail('EINVAL');
  if (keySize <= LENGTH || keySize > LENGTH + MAX_DATA) return fail('EINVAL');
  return valueSize === 0 || valueSize > KMALLOC_MAX_SIZE - MAX_DATA - NODE ? fail('EINVAL') : 0;
}

/** A prefix: how many bits of which bytes. */
interface Prefix {
  readonly length: number;
  readonly data: Uint8Array;
}

/** The bit at an index, counted from the highest of the first byte. */
const bit = ({ data }: Prefix, index: number): 0 | 1 =>
  ((data[index >> 3] ?? 0) & (0x80 >> (index & 7))) === 0 ? 0 : 1;

/** Bits that both begin with, at most what the shorter has. @kernel __longest_prefix_match, kernel/bpf/lpm_trie.c @fidelity full: more_maps.test.ts */
function match(a: Prefix, b: Prefix): number {
  const limit = Math.min(a.length, b.length);
  for (let byte = 0; byte * 8 < limit; byte++) {
    const differ = (a.data[byte] ?? 0) ^ (b.data[byte] ?? 0);
    if (differ !== 0) return Math.min(limit, byte * 8 + Math.clz32(differ) - 24);
  }
  return limit;
}

/** Where a walk down for a key ended. */
interface Place {
  /** Address of the pointer that leads to `node`, or that a new node would hang on. */
  readonly slot: Addr;
  readonly node: Node | null;
  /** Bits of the key that `node` has. */
  readonly matched: number;
  /** The nodes above, the root first. */
  readonly above: readonly Node[];
}

interface Node extends Prefix {
  readonly view: View;
  readonly intermediate: boolean;
}

export class LpmTrieMap extends BpfMap {
  private readonly dataSize: Bytes;
  private readonly maxPrefix: number;

  constructor(init: MapInit) {
    super(init, 'lpm_trie');
    this.dataSize = this.spec.keySize - LENGTH;
    this.maxPrefix = this.dataSize * 8;
    this.container.set('data_size', this.dataSize);
    this.container.set('max_prefixlen', this.maxPrefix);
  }

  get count(): number {
    return this.container.num('n_entries');
  }
  private adjust(by: 1 | -1): void {
    this.container.set('n_entries', this.count + by);
  }

  private keyAt(key: Addr): Prefix {
    return {
      length: this.mem.u32(key),
      data: this.mem.bytes(key + BigInt(LENGTH), this.dataSize),
    };
  }
  private nodeAt(addr: Addr): Node | null {
    if (addr === 0n) return null;
    const view = this.kernel.view('lpm_trie_node', addr);
    return {
      view,
      length: view.num('prefixlen'),
      data: this.mem.bytes(view.at('data'), this.dataSize),
      intermediate: (view.num('flags') & INTERMEDIATE) !== 0,
    };
  }
  private childSlot({ view }: Node, side: 0 | 1): Addr {
    return view.at('child') + (side === 0 ? 0n : POINTER);
  }
  private child(of: Node, side: 0 | 1): Node | null {
    return this.nodeAt(this.mem.u64(this.childSlot(of, side)));
  }
  private valueAt({ view }: Node): Addr {
    return view.at('data') + BigInt(this.dataSize);
  }
  private nodeFor({ data }: Prefix, length: number, value: Addr): Node {
    const type = this.kernel.types.struct('lpm_trie_node');
    const { dataSize, spec } = this;
    const view = this.kernel.view(
      'lpm_trie_node',
      this.mem.alloc(type.size + dataSize + (value === 0n ? 0 : spec.valueSize), 8),
    );
    view.set('prefixlen', length);
    view.set('flags', value === 0n ? INTERMEDIATE : 0);
    this.mem.setBytes(view.at('data'), data);
    const node = { view, length, data, intermediate: value === 0n };
    if (value !== 0n) this.mem.setBytes(this.valueAt(node), this.mem.bytes(value, spec.valueSize));
    return node;
  }

  /** Down to the node for a key, or to where it would be. */
  private descend(key: Prefix): Place {
    const above: Node[] = [];
    let slot = this.container.at('root');
    for (;;) {
      const node = this.nodeAt(this.mem.u64(slot));
      const matched = node ? match(node, key) : 0;
      if (!node || node.length !== matched || node.length === key.length)
        return { slot, node, matched, above };
      above.push(node);
      slot = this.childSlot(node, bit(key, node.length));
    }
  }

  /** The value of the longest prefix that the key begins with. @kernel trie_lookup_elem, kernel/bpf/lpm_trie.c @fidelity full: more_maps.test.ts */
  override lookup(key: Addr): Addr {
    const want = this.keyAt(key);
    if (want.length > this.maxPrefix) return 0n;
    const { node, matched, above } = this.descend(want);
    const fits = node && node.length === matched ? [...above, node] : above;
    const found = fits.findLast(({ intermediate }) => !intermediate);
    return found ? this.valueAt(found) : 0n;
  }

  /** Counts a new element. @kernel trie_check_add_elem, kernel/bpf/lpm_trie.c @fidelity full: more_maps.test.ts */
  private addElem(flags: bigint): NegErrno {
    if (flags === BPF_EXIST) return fail('ENOENT');
    if (this.count >= this.spec.maxEntries) return fail('ENOSPC');
    this.adjust(1);
    return 0;
  }

  /**
   * @returns 0, -EINVAL for flags or a prefix that is too long, -EEXIST, -ENOENT, -ENOSPC
   * @kernel trie_update_elem, kernel/bpf/lpm_trie.c
   * @fidelity full: more_maps.test.ts
   */
  override update(key: Addr, value: Addr, flags: bigint): NegErrno {
    const want = this.keyAt(key);
    if (flags > BPF_EXIST || want.length > this.maxPrefix) return fail('EINVAL');
    const { slot, node, matched } = this.descend(want);
    const replaces = node?.length === matched && !node.intermediate;
    const error = replaces ? (flags === BPF_NOEXIST ? fail('EEXIST') : 0) : this.addElem(flags);
    if (error !== 0) return error;
    const made = this.nodeFor(want, want.length, value);
    if (!node) this.mem.setU64(slot, made.view.addr);
    else if (node.length === matched) this.replace(slot, node, made);
    else this.insertAbove(slot, node, made, matched);
    return 0;
  }

  /** A node takes another's place and children. */
  private replace(slot: Addr, old: Node, made: Node): void {
    for (const side of [0, 1] as const)
      this.mem.setU64(this.childSlot(made, side), this.mem.u64(this.childSlot(old, side)));
    this.mem.setU64(slot, made.view.addr);
    this.mem.release(old.view.addr);
  }

  /** The new prefix covers the node, or they part after `matched` bits. */
  private insertAbove(slot: Addr, node: Node, made: Node, matched: number): void {
    const parts = matched !== made.length;
    const top = parts ? this.nodeFor(node, matched, 0n) : made;
    const side = bit(node, matched);
    this.mem.setU64(this.childSlot(top, side), node.view.addr);
    if (parts) this.mem.setU64(this.childSlot(top, side === 0 ? 1 : 0), made.view.addr);
    this.mem.setU64(slot, top.view.addr);
  }

  /**
   * A node with two children stays as an intermediate one; an intermediate parent that would be left with one
   * child goes too.
   *
   * @kernel trie_delete_elem, kernel/bpf/lpm_trie.c
   * @fidelity full: more_maps.test.ts
   */
  override delete(key: Addr): NegErrno {
    const want = this.keyAt(key);
    if (want.length > this.maxPrefix) return fail('EINVAL');
    const { slot, node, matched, above } = this.descend(want);
    if (!node || node.length !== matched || node.length !== want.length || node.intermediate)
      return fail('ENOENT');
    this.adjust(-1);
    const [left, right] = [this.child(node, 0), this.child(node, 1)];
    if (left && right) {
      node.view.set('flags', INTERMEDIATE);
      return 0;
    }
    const parent = above.at(-1);
    if (parent?.intermediate && !left && !right) {
      const sibling = slot === this.childSlot(parent, 0) ? this.child(parent, 1) : this.child(parent, 0);
      const grandparent = above.at(-2);
      const up = grandparent
        ? this.childSlot(grandparent, bit(want, grandparent.length))
        : this.container.at('root');
      this.mem.setU64(up, sibling?.view.addr ?? 0n);
      this.mem.release(parent.view.addr);
    } else this.mem.setU64(slot, (left ?? right)?.view.addr ?? 0n);
    this.mem.release(node.view.addr);
    return 0;
  }

  /** The first in postorder of a subtree. */
  private leftmost(from: Node | null): Node | null {
    let found: Node | null = null;
    for (let node = from; node;) {
      if (!node.intermediate) found = node;
      node = this.child(node, 0) ?? (node.intermediate ? null : this.child(node, 1));
    }
    return found;
  }

  /** What comes after the last of these, each the parent of the next. */
  private afterInPostorder(path: readonly Node[]): Node | null {
    for (let i = path.length - 1; i > 0; i--) {
      const [parent, node] = [path[i - 1], path[i]];
      if (!parent || !node) return null;
      const right = this.child(parent, 1);
      if (right && right.view.addr !== node.view.addr) return this.leftmost(right);
      if (!parent.intermediate) return parent;
    }
    return null;
  }

  /** @kernel trie_get_next_key, kernel/bpf/lpm_trie.c @fidelity full: more_maps.test.ts */
  override getNextKey(key: Addr, next: Addr): NegErrno {
    const root = this.nodeAt(this.container.ptr('root'));
    const want = key === 0n ? null : this.keyAt(key);
    const place = want && want.length <= this.maxPrefix ? this.descend(want) : null;
    const { node = null, matched = 0, above = [] } = place ?? {};
    const known = node && node.length === matched && !node.intermediate;
    const found = known ? this.afterInPostorder([...above, node]) : this.leftmost(root);
    if (!found) return fail('ENOENT');
    this.mem.setU32(next, found.length);
    this.mem.setBytes(next + BigInt(LENGTH), found.data);
    return 0;
  }

  /** Bytes of one element. */
  get elemSize(): Bytes {
    return this.kernel.types.struct('lpm_trie_node').size + this.dataSize + this.spec.valueSize;
  }

  protected override freeContent(): void {
    const free = (node: Node | null): void => {
      if (!node) return;
      free(this.child(node, 0));
      free(this.child(node, 1));
      this.mem.release(node.view.addr);
    };
    free(this.nodeAt(this.container.ptr('root')));
  }
}
