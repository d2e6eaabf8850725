/**
 * Bob Jenkins' hash as the kernel's hash maps use it. Over words or over bytes, the result is the same on a
 * little-endian machine.
 *
 * Source: include/linux/jhash.h; the function itself is lookup3.c, public domain.
 */
const INITVAL = 0xdeadbeef;
const rotate = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

function mix(s: Int32Array): void {
  let [a = 0, b = 0, c = 0] = s;
  a = (a - c) ^ rotate(c, 4);
  c += b;
  b = (b - a) ^ rotate(a, 6);
  a += c;
  c = (c - b) ^ rotate(b, 8);
  b += a;
  a = (a - c) ^ rotate(c, 16);
  c += b;
  b = (b - a) ^ rotate(a, 19);
  a += c;
  c = (c - b) ^ rotate(b, 4);
  b += a;
  s[0] = a;
  s[1] = b;
  s[2] = c;
}

function final(s: Int32Array): number {
  let [a = 0, b = 0, c = 0] = s;
  c = (c ^ b) - rotate(b, 14);
  a = (a ^ c) - rotate(c, 11);
  b = (b ^ a) - rotate(a, 25);
  c = (c ^ b) - rotate(b, 16);
  a = (a ^ c) - rotate(c, 4);
  b = (b ^ a) - rotate(a, 14);
  c = (c ^ b) - rotate(b, 24);
  return c >>> 0;
}

/** Adds up to three words, given by position, to the state. */
function absorb(s: Int32Array, count: number, word: (i: number) => number): void {
  for (let i = 0; i < count; i++) s[i] = (s[i] ?? 0) + word(i);
}

/**
 * @param seed hashrnd of the map
 * @kernel htab_map_hash, kernel/bpf/hashtab.c: jhash2 for keys of whole words, jhash otherwise
 * @fidelity full: src/engine/kernel/sockets.test.ts
 */
export function keyHash(key: Uint8Array, seed: number): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const start = (INITVAL + key.length + seed) | 0;
  const s = Int32Array.of(start, start, start);
  let at = 0;
  for (; key.length - at > 12; at += 12) {
    absorb(s, 3, (i) => view.getInt32(at + i * 4, true));
    mix(s);
  }
  const rest = key.length - at;
  if (rest === 0) return (s[2] ?? 0) >>> 0;
  const tail = new DataView(new ArrayBuffer(12));
  for (let i = 0; i < rest; i++) tail.setUint8(i, key[at + i] ?? 0);
  absorb(s, 3, (i) => tail.getInt32(i * 4, true));
  return final(s);
}
