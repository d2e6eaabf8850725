/**
 * The BPF objects of a kernel: tables by id, and what happens when the last reference goes.
 *
 * Counters are those of the structs in kernel memory. Who holds what:
 *
 *     fd -> map, prog, link, btf        pin -> map, prog, link        map -> btf, what its elements point to
 *     prog -> maps, btf                 link -> prog, target's        session -> prog, target's
 *
 * Source: kernel/bpf/syscall.c, kernel/bpf/btf.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Bpf } from '../bpf/bpf.ts';
import { BtfObject } from '../bpf/btf_object.ts';
import { IdTable } from '../bpf/ids.ts';
import { mapsByAddr } from '../bpf/map.ts';
import type { BpfMap, MapSpec } from '../bpf/map.ts';
import { checkStructOpsValue } from '../bpf/maps/struct_ops.ts';
import { MAP_KINDS } from '../bpf/maps/index.ts';
import { Prog, progsByAddr } from '../bpf/prog.ts';
import type { ProgSpec } from '../bpf/prog.ts';
import { bpfKsyms } from '../bpf/subprogs.ts';
import type { Btf } from '../btf/parse.ts';
import type { NumberedKind, NumberedWalk } from '../iter/bpf_iter.ts';
import type { IterLink } from '../iter/link.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { getRef, putRef } from '../kernel/objects/refs.ts';
import type { Ksym } from '../kernel/symbols.ts';
import { checkMapBtf } from './map_btf.ts';

const numbered = (
  found: { readonly id: number; readonly object: { readonly addr: Addr } } | null,
): { id: number; addr: Addr } | null => found && { id: found.id, addr: found.object.addr };

export class BpfObjects {
  readonly maps: IdTable<BpfMap>;
  readonly progs: IdTable<Prog>;
  readonly links: IdTable<IterLink>;
  readonly btfs: IdTable<BtfObject>;
  /** The kernel's own BTF: the first of all. */
  readonly vmlinux: BtfObject;
  private readonly kernel: Kernel;
  private readonly bpf: Bpf;

  constructor(bpf: Bpf) {
    this.kernel = bpf.kernel;
    this.bpf = bpf;
    const { kernel } = bpf;
    const btf = kernel.btf.base ?? kernel.btf;
    this.maps = new IdTable(kernel, 'map_idr');
    this.progs = new IdTable(kernel, 'prog_idr');
    this.links = new IdTable(kernel, 'link_idr');
    this.btfs = new IdTable(kernel, 'btf_idr');
    this.vmlinux = this.btfs.alloc((id) => new BtfObject(kernel, id, btf, 'vmlinux', true));
  }

  /** The objects that iterators walk. */
  readonly walks: Readonly<Record<NumberedKind, NumberedWalk>> = {
    map: {
      atLeast: (id) => numbered(this.maps.atLeast(id)),
      get: (addr) => this.getMap(mapsByAddr.at(this.kernel, addr)),
      put: (addr) => this.putMap(mapsByAddr.at(this.kernel, addr)),
    },
    prog: {
      atLeast: (id) => numbered(this.progs.atLeast(id)),
      get: (addr) => this.getProg(progsByAddr.at(this.kernel, addr)),
      put: (addr) => this.putProg(progsByAddr.at(this.kernel, addr)),
    },
    link: {
      atLeast: (id) => numbered(this.links.atLeast(id)),
      get: (addr) => this.getLink(this.linkAt(addr)),
      put: (addr) => this.putLink(this.linkAt(addr)),
    },
  };

  // -- maps ------------------------------------------------------------------------------------------------

  /**
   * A map with one reference, from user space.
   *
   * @returns the map, or -EINVAL for a kind that this kernel does not have, or what the kind objects to
   * @kernel map_create, kernel/bpf/syscall.c
   * @fidelity partial: privileges and memory limits are not modelled
   */
  createMap(spec: MapSpec, btf: BtfObject | null): BpfMap | NegErrno {
    const kind = MAP_KINDS.get(spec.type);
    if (!kind) return fail('EINVAL');
    const error =
      kind.check(spec) ||
      (spec.kernelValue ? checkStructOpsValue(this.kernel, spec) : 0) ||
      checkMapBtf(spec);
    if (error !== 0) return error;
    const { kernel, bpf } = this;
    const map = this.maps.alloc((id) => kind.make({ kernel, spec, id, cpus: bpf.cpus }));
    map.view.trySet('ops', kernel.symbols.find(kind.ops)?.addr ?? 0n);
    if (btf) this.getBtf(btf);
    return map;
  }

  /** @param user a reference that an fd or a pin holds @kernel bpf_map_inc_with_uref, kernel/bpf/syscall.c @fidelity full: trace_maps.test.ts */
  getMap(map: BpfMap, user = false): void {
    getRef(map.view, 'refcnt');
    if (user) getRef(map.view, 'usercnt');
  }

  /** @kernel bpf_map_put_with_uref, kernel/bpf/syscall.c @fidelity partial: freed at once, not after a grace period */
  putMap(map: BpfMap, user = false): void {
    if (user && putRef(map.view, 'usercnt')) for (const addr of map.releaseUser()) this.putElement(addr);
    if (!putRef(map.view, 'refcnt')) return;
    this.maps.remove(map.id);
    const held = map.held();
    const btf = map.spec.btf && this.btfs.all().find(({ addr }) => addr === map.spec.btf?.addr);
    map.free();
    for (const addr of held) this.putElement(addr);
    if (btf) this.putBtf(btf);
  }

  /** A reference that a map's element held on a map or a program. */
  putElement(addr: Addr): void {
    const map = this.maps.all().find((other) => other.addr === addr);
    if (map) this.putMap(map);
    const prog = this.progs.all().find((other) => other.addr === addr);
    if (prog) this.putProg(prog);
  }

  // -- programs --------------------------------------------------------------------------------------------

  /**
   * A program with one reference; it holds one on each of its maps and on its BTF.
   *
   * @throws UnresolvedError when an instruction names something that is not there
   */
  createProg(spec: ProgSpec): Prog {
    const prog = this.progs.alloc((id) => new Prog(this.kernel, id, spec, this.bpf));
    for (const map of prog.maps) this.getMap(map);
    if (spec.btf) this.getBtf(spec.btf);
    return prog;
  }
  /** Symbols of programs and their functions, oldest first. */
  get progSymbols(): readonly Ksym[] {
    return bpfKsyms(this.kernel);
  }
  getProg(prog: Prog): void {
    getRef(prog.aux, 'refcnt');
  }
  /** @kernel bpf_prog_put, kernel/bpf/syscall.c @fidelity partial: freed at once, not after a grace period */
  putProg(prog: Prog): void {
    if (!putRef(prog.aux, 'refcnt')) return;
    this.progs.remove(prog.id);
    for (const map of prog.maps) this.putMap(map);
    if (prog.spec.btf) this.putBtf(prog.spec.btf);
    prog.free();
  }

  // -- links -----------------------------------------------------------------------------------------------

  /** The link whose struct bpf_link is at this address. */
  linkAt(addr: Addr): IterLink {
    const id = this.kernel.view('bpf_link', addr).num('id');
    return must(this.links.find(id), `link ${id}`);
  }
  getLink(link: IterLink): void {
    getRef(link.view, 'link.refcnt');
  }
  /** @kernel bpf_link_put, kernel/bpf/syscall.c @fidelity full: src/engine/sys/recorded.test.ts */
  putLink(link: IterLink): void {
    if (!putRef(link.view, 'link.refcnt')) return;
    this.links.remove(link.id);
    link.release();
    link.free();
  }

  // -- BTF -------------------------------------------------------------------------------------------------

  createBtf(types: Btf): BtfObject {
    return this.btfs.alloc((id) => new BtfObject(this.kernel, id, types, '', false));
  }
  getBtf(btf: BtfObject): void {
    getRef(btf.view, 'refcnt');
  }
  /** @kernel btf_put, kernel/bpf/btf.c @fidelity full: local_storage.test.ts */
  putBtf(btf: BtfObject): void {
    if (!putRef(btf.view, 'refcnt')) return;
    this.btfs.remove(btf.id);
    btf.free();
  }
}
