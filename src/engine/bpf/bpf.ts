/**
 * What programs run on: one processor, the helpers and kfuncs they can call, and where their trace goes.
 *
 *     Prog.code --runProg(bpf.processor, ...)--> helpers --> maps, tasks, session buffers
 *
 * Maps, programs and BTFs themselves are in map.ts, prog.ts and btf_object.ts; sys/ numbers them and counts
 * who holds them.
 */
import type { Kernel } from '../kernel/kernel.ts';
import type { Linker } from '../vm/code.ts';
import type { Helper } from '../vm/helper.ts';
import { Processor } from '../vm/processor.ts';
import { helperTable, kfuncTable } from './helpers/index.ts';
import { freeStorageWithOwner } from './maps/local_storage.ts';
import { Random } from './random.ts';
import { Timers } from './timers.ts';

export interface BpfOptions {
  /** Processors: how many values a per-cpu map has for a key. */
  readonly cpus?: number;
  /** Of bpf_get_prandom_u32. */
  readonly seed?: number;
}

export class Bpf implements Linker {
  readonly kernel: Kernel;
  readonly processor: Processor;
  readonly cpus: number;
  readonly random: Random;
  readonly timers: Timers;
  /** What each bpf_printk wrote, without the newline that ends a line of trace_pipe. */
  readonly tracePipe: string[] = [];
  private readonly helpers: Map<number, Helper>;
  private readonly kfuncs: Map<string, Helper>;

  constructor(kernel: Kernel, options: BpfOptions = {}) {
    this.kernel = kernel;
    this.cpus = options.cpus ?? 1;
    this.random = new Random(options.seed ?? 1);
    this.processor = new Processor(kernel);
    freeStorageWithOwner(kernel);
    this.timers = new Timers(kernel);
    this.helpers = new Map([...helperTable(this), ...this.timers.helpers]);
    this.kfuncs = new Map([...kfuncTable(this), ...this.timers.kfuncs]);
  }

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
    return off === 0 ? this.kfuncNamed(this.kernel.btf.nameOf(id)) : null;
  }
  kfuncNamed(name: string): Helper | null {
    return this.kfuncs.get(name) ?? null;
  }
}
