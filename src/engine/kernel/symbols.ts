/**
 * kallsyms: names and addresses of the kernel image, in address order.
 *
 * Source: kernel/kallsyms.c; text form as in /proc/kallsyms: `ADDRESS TYPE NAME[\t[MODULE]]`.
 */
import type { Addr } from '../../shared/brand.ts';

export interface Ksym {
  readonly addr: Addr;
  /** As nm prints it: t, T, d, D, b, B, r, R, ... */
  readonly type: string;
  readonly name: string;
  /** '' for the kernel itself. */
  readonly module: string;
}

/** A line of kallsyms that is none. `message` names the line. */
export class KallsymsError extends Error {
  override readonly name = 'KallsymsError';
}

export class Symbols {
  /** In the order given, which for a kernel image is address order. */
  readonly all: readonly Ksym[];
  private readonly byName = new Map<string, Ksym>();
  private numbered: Map<string, Ksym> | null = null;
  private sorted: Ksym[] | null = null;

  constructor(all: readonly Ksym[] = []) {
    this.all = all;
    for (const sym of all) if (!this.byName.has(sym.name)) this.byName.set(sym.name, sym);
  }

  /** @throws KallsymsError */
  static parse(text: string): Symbols {
    const all: Ksym[] = [];
    let line = 0;
    for (const row of text.split('\n')) {
      line++;
      if (row === '') continue;
      const match = /^([0-9a-fA-F]{1,16}) (\S) ([^\s]+)(?:\s+\[([^\]]+)\])?$/.exec(row);
      if (!match)
        throw new KallsymsError(`line ${line}: expected "ADDRESS TYPE NAME", got "${row.slice(0, 60)}"`);
      const [, addr = '0', type = '?', name = '', module = ''] = match;
      all.push({ addr: BigInt('0x' + addr), type, name, module });
    }
    if (all.length === 0) throw new KallsymsError('there is no symbol in it');
    return new Symbols(all);
  }

  find(name: string): Ksym | undefined {
    return this.byName.get(name);
  }

  /** As `find`; also finds a function-local static, which the compiler gave a number: `empty_fops.71`. */
  findStatic(name: string): Ksym | undefined {
    const exact = this.find(name);
    if (exact) return exact;
    if (!this.numbered) {
      this.numbered = new Map();
      for (const sym of this.all) {
        const base = /^(.+)\.\d+$/.exec(sym.name)?.[1];
        if (base !== undefined && !this.numbered.has(base)) this.numbered.set(base, sym);
      }
    }
    return this.numbered.get(name);
  }

  /** The symbol an address lies in, with the distance from its start and its size up to the next symbol. */
  lookup(addr: Addr): { sym: Ksym; offset: bigint; size: bigint } | null {
    this.sorted ??= [...this.all].sort((a, b) => (a.addr < b.addr ? -1 : a.addr > b.addr ? 1 : 0));
    const list = this.sorted;
    let lo = 0;
    let hi = list.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((list[mid]?.addr ?? 0n) <= addr) lo = mid + 1;
      else hi = mid;
    }
    const found = list[lo - 1];
    if (!found) return null;
    let first = lo - 1;
    while (first > 0 && list[first - 1]?.addr === found.addr) first--;
    const sym = list[first] ?? found;
    return { sym, offset: addr - sym.addr, size: (list[lo]?.addr ?? sym.addr) - sym.addr };
  }
}
