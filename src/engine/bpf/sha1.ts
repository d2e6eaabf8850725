/** SHA-1, which the kernel uses to name programs. Source: FIPS 180-4. */
const rotate = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

const ROUNDS: readonly (readonly [k: number, f: (b: number, c: number, d: number) => number])[] = [
  [0x5a827999, (b, c, d) => (b & c) | (~b & d)],
  [0x6ed9eba1, (b, c, d) => b ^ c ^ d],
  [0x8f1bbcdc, (b, c, d) => (b & c) | (b & d) | (c & d)],
  [0xca62c1d6, (b, c, d) => b ^ c ^ d],
];

/** The 20-byte digest. */
export function sha1(data: Uint8Array): Uint8Array {
  const blocks = Math.ceil((data.length + 9) / 64);
  const padded = new Uint8Array(blocks * 64);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(data.length * 8));
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const w = new Int32Array(80);
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block * 64 + i * 4);
    for (let i = 16; i < 80; i++)
      w[i] = rotate((w[i - 3] ?? 0) ^ (w[i - 8] ?? 0) ^ (w[i - 14] ?? 0) ^ (w[i - 16] ?? 0), 1);
    let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
    ROUNDS.forEach(([k, f], round) => {
      for (let i = 0; i < 20; i++) {
        const next = (rotate(a, 5) + f(b, c, d) + e + k + (w[round * 20 + i] ?? 0)) | 0;
        [e, d, c, b, a] = [d, c, rotate(b, 30), a, next];
      }
    });
    [a, b, c, d, e].forEach((value, i) => (state[i] = (state[i] ?? 0) + value));
  }
  const out = new DataView(new ArrayBuffer(20));
  state.forEach((value, i) => out.setInt32(i * 4, value));
  return new Uint8Array(out.buffer);
}
