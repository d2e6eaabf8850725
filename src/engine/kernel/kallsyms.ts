/**
 * The kernel's own table of symbols, in its image: where a program finds by hand what /proc/kallsyms shows.
 *
 *     kallsyms_num_syms
 *     kallsyms_names         length, then that many tokens; the first character is the symbol's type
 *     kallsyms_token_table   texts of the 256 tokens           kallsyms_token_index   where each begins
 *     kallsyms_offsets       s32: an absolute address, or below 0: kallsyms_relative_base - 1 - address
 *     kallsyms_markers       where in the names each 256th begins
 *
 * The kernel's build makes tokens of the pairs of characters that are most frequent; here a token is one
 * character, so names take more room. A kernel whose symbols leave too little for that has no such table.
 *
 * Source: kernel/kallsyms.c, scripts/kallsyms.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { latin1Encode } from '../../shared/utf8.ts';
import { KERNEL_IMAGE } from './address.ts';
import type { Kernel } from './kernel.ts';
import type { Ksym } from './symbols.ts';

const TOKENS = 256;
const MARKED = 256;
/** A length from here on takes two bytes. */
const LONG = 0x80;

const bytesOf = (array: Uint16Array | Uint32Array | Int32Array | BigUint64Array): Uint8Array =>
  new Uint8Array(array.buffer);

function names(symbols: readonly Ksym[]): { readonly bytes: Uint8Array; readonly markers: number[] } {
  const out: number[] = [];
  const markers: number[] = [];
  symbols.forEach(({ type, name }, i) => {
    if (i % MARKED === 0) markers.push(out.length);
    const text = latin1Encode(type + name);
    if (text.length < LONG) out.push(text.length);
    else out.push((text.length & (LONG - 1)) | LONG, text.length >> 7);
    out.push(...text);
  });
  return { bytes: Uint8Array.from(out), markers };
}

/** One character each; the empty text for NUL. */
function tokens(): { readonly table: Uint8Array; readonly index: Uint16Array } {
  const table = new Uint8Array(2 * TOKENS - 1);
  const index = new Uint16Array(TOKENS);
  for (let token = 1; token < TOKENS; token++) {
    index[token] = 2 * token - 1;
    table[2 * token - 1] = token;
  }
  return { table, index };
}

/** @kernel kallsyms_sym_address, kernel/kallsyms.c @fidelity full: app/walks/hand_walks.test.ts */
const offsetFrom = (base: Addr, addr: Addr): number => Number(addr < base ? addr : base - 1n - addr);

function tables(symbols: readonly Ksym[]): ReadonlyMap<string, Uint8Array> {
  const { bytes, markers } = names(symbols);
  const { table, index } = tokens();
  const base = symbols.find(({ addr }) => addr >= KERNEL_IMAGE)?.addr ?? KERNEL_IMAGE;
  const offsets = Int32Array.from(symbols, ({ addr }) => offsetFrom(base, addr));
  return new Map([
    ['kallsyms_num_syms', bytesOf(Uint32Array.of(symbols.length))],
    ['kallsyms_names', bytes],
    ['kallsyms_token_table', table],
    ['kallsyms_token_index', bytesOf(index)],
    ['kallsyms_offsets', bytesOf(offsets)],
    ['kallsyms_relative_base', bytesOf(BigUint64Array.of(base))],
    ['kallsyms_markers', bytesOf(Uint32Array.from(markers))],
  ]);
}

/** Room for a table: up to the next symbol. */
function fits({ symbols }: Kernel, name: string, size: number): boolean {
  const found = symbols.find(name);
  const room = found ? (symbols.lookup(found.addr)?.size ?? 0n) : 0n;
  return found !== undefined && found.addr >= KERNEL_IMAGE && (room === 0n || room >= BigInt(size));
}

/**
 * Writes the table, if the image has a place for it.
 *
 * @fidelity partial: names are not compressed, so a kernel with all its symbols has no table
 */
export function writeKallsyms(kernel: Kernel): void {
  const core = kernel.symbols.all.filter(({ module }) => module === '');
  const least = core.reduce((sum, { name }) => sum + name.length + 2, 0);
  if (!fits(kernel, 'kallsyms_names', least)) return;
  const all = tables(core);
  for (const [name, bytes] of all) if (!fits(kernel, name, bytes.length)) return;
  for (const [name, bytes] of all) {
    const addr = kernel.symbols.find(name)?.addr ?? 0n;
    kernel.mem.mapImage(addr, bytes.length);
    kernel.mem.setBytes(addr, bytes);
  }
}
