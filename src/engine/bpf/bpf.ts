/**
 * The BPF subsystem of one kernel: its objects by number, what programs can call, where their trace goes.
 *
 * Maps, programs and BTFs are counted by the references in their structs; the last one that goes frees the
 * object and its number. A map also counts the user-space references among them.
 *
 *     Prog.code --runProg(bpf.machine, ...)--> helpers --> maps, tasks, session buffers
 *
 * Source: kernel/bpf/syscall.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Btf } from '../btf/parse.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { getRef, putRef } from '../kernel/objects/refs.ts';
import type { Linker } from '../vm/code.ts';
import type { Helper } from '../vm/helper.ts';
import { Machine } from '../vm/machine.ts';
import { BtfObject } from './btf_object.ts';
import { helperTable, kfuncTable } from './helpers/index.ts';
import { IdTable } from './ids.ts';
import { mapsByAddr } from './map.ts';
import type { BpfMap, MapSpec } from './map.ts';
import { MAP_KINDS } from './maps/index.ts';
import { Prog, progsByAddr } from './prog.ts';
import type { ProgSpec } from './prog.ts';
import { Random } from './random.ts';

export interface BpfOptions {
  /** Processors: how many values a per-cpu map has for a key. */
  readonly cpus?: number;
  /** Of bpf_get_prandom_u32. */
  readonly seed?: number;
}

/** What the table of links keeps: links belong to those who make them. */
export interface LinkObject {
  readonly addr: Addr;
}

export class Bpf implements Linker {
  readonly kernel: Kernel;
  readonly machine: Machine;
  readonly cpus: number;
  readonly random: Random;
  readonly maps = new IdTable<BpfMap>();
  readonly progs = new IdTable<Prog>();
  readonly links = new IdTable<LinkObject>();
  /** The kernel's own BTF is the first one. */
  readonly btfs = new IdTable<BtfObject>();
  /** What each bpf_printk wrote, newline included. */
  readonly tracePipe: string[] = [];
  private readonly helpers: Map<number, Helper>;
  private readonly kfuncs: Map<string, Helper>;

  constructor(kernel: Kernel, options: BpfOptions = {}) {
    this.kernel = kernel;
    this.cpus = options.cpus ?? 1;
    this.random = new Random(options.seed ?? 1);
    this.machine = new Machine(kernel);
    this.helpers = new Map(helperTable(this));
    this.kfuncs = new Map(kfuncTable());
    this.btfs.alloc((id) => new BtfObject(kernel, id, kernel.btf, 'vmlinux', true));
  }

  // -- what programs can call ----------------------------------------------------------------------------

  /** Adds helpers that live elsewhere, such as those of one iterator target. */
  addHelpers(table: Iterable<readonly [number, Helper]>): void {
    for (const [number, helper] of table) this.helpers.set(number, helper);
  }
  /** Adds kfuncs that live elsewhere. */
  addKfuncs(table: Iterable<readonly [string, Helper]>): void {
    for (const [name, kfunc] of table) this.kfuncs.set(name, kfunc);
  }
  helper(number: number): Helper | null {
    return this.helpers.get(number) ?? null;
  }
  /** Kfuncs of the kernel itself; modules bring none. */
  kfunc(id: number, off: number): Helper | null {
    return off === 0 ? (this.kfuncs.get(this.kernel.btf.nameOf(id)) ?? null) : null;
  }
  hasKfunc(name: string): boolean {
    return this.kfuncs.has(name);
  }

  // -- maps ------------------------------------------------------------------------------------------------

  /**
   * A map with one reference, from user space; it holds one on its BTF and on its inner map.
   *
   * @returns the map, or -EINVAL for a kind this kernel does not have, or what the kind objects to
   * @kernel map_create, kernel/bpf/syscall.c
   * @fidelity partial: privileges and memory limits are not modelled
   */
  createMap(spec: MapSpec): BpfMap | NegErrno {
    const kind = MAP_KINDS.get(spec.type);
    if (!kind) return fail('EINVAL');
    const error = kind.check(spec);
    if (error !== 0) return error;
    const btf = this.btfAt(spec.btf?.addr ?? 0n);
    if (btf) this.getBtf(btf);
    return this.maps.alloc((id) => kind.make({ kernel: this.kernel, spec, id, cpus: this.cpus }));
  }

  /** The map whose struct bpf_map is at this address. */
  mapAt(addr: Addr): BpfMap {
    return mapsByAddr.at(this.kernel, addr);
  }

  /** @param user a reference that a file descriptor or a pin holds @kernel bpf_map_inc_with_uref, kernel/bpf/syscall.c @fidelity full */
  getMap(map: BpfMap, user = false): BpfMap {
    getRef(map.view, 'refcnt');
    if (user) getRef(map.view, 'usercnt');
    return map;
  }

  /**
   * @kernel bpf_map_put_with_uref, kernel/bpf/syscall.c
   * @fidelity partial: freed at once, not after a grace period
   */
  putMap(map: BpfMap, user = false): void {
    if (user) putRef(map.view, 'usercnt');
    if (!putRef(map.view, 'refcnt')) return;
    this.maps.remove(map.id);
    const held = map.held();
    const btf = this.btfAt(map.spec.btf?.addr ?? 0n);
    map.free();
    for (const addr of held) {
      const inner = mapsByAddr.find(this.kernel, addr);
      const prog = progsByAddr.find(this.kernel, addr);
      if (inner) this.putMap(inner);
      if (prog) this.putProg(prog);
    }
    if (btf) this.putBtf(btf);
  }

  // -- programs --------------------------------------------------------------------------------------------

  /**
   * A program with one reference; it holds one on each of its maps and on its BTF.
   *
   * @throws UnresolvedError when an instruction names something that is not there
   * @kernel bpf_prog_load, kernel/bpf/syscall.c
   * @fidelity partial: what the verifier rewrites is left as it was, so `len` is the user's
   */
  createProg(spec: ProgSpec): Prog {
    const prog = this.progs.alloc((id) => new Prog(this.kernel, id, spec, this));
    for (const map of prog.maps) this.getMap(map);
    if (spec.btf) this.getBtf(spec.btf);
    return prog;
  }

  /** The program whose struct bpf_prog is at this address. */
  progAt(addr: Addr): Prog {
    return progsByAddr.at(this.kernel, addr);
  }
  getProg(prog: Prog): Prog {
    getRef(prog.aux, 'refcnt');
    return prog;
  }

  /**
   * @kernel bpf_prog_put, kernel/bpf/syscall.c
   * @fidelity partial: freed at once, not after a grace period
   */
  putProg(prog: Prog): void {
    if (!putRef(prog.aux, 'refcnt')) return;
    this.progs.remove(prog.id);
    for (const map of prog.maps) this.putMap(map);
    if (prog.spec.btf) this.putBtf(prog.spec.btf);
    prog.free();
  }

  // -- BTF -------------------------------------------------------------------------------------------------

  /** @kernel btf_new_fd, kernel/bpf/btf.c @fidelity full */
  createBtf(types: Btf, name = ''): BtfObject {
    return this.btfs.alloc((id) => new BtfObject(this.kernel, id, types, name, false));
  }
  getBtf(btf: BtfObject): BtfObject {
    getRef(btf.view, 'refcnt');
    return btf;
  }
  /** @kernel btf_put, kernel/bpf/btf.c @fidelity full */
  putBtf(btf: BtfObject): void {
    if (!putRef(btf.view, 'refcnt')) return;
    this.btfs.remove(btf.id);
    btf.free();
  }
  private btfAt(addr: Addr): BtfObject | null {
    return addr === 0n ? null : (this.btfs.all().find((btf) => btf.addr === addr) ?? null);
  }
}
