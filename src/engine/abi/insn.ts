/** struct bpf_insn: 8 bytes, little endian. ld_imm64 takes two of them, the second with code 0. */

export interface Insn {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  /** s16 */
  readonly off: number;
  /** s32 */
  readonly imm: number;
}

export const INSN_BYTES = 8;

/** @param bytes whole instructions; the length must be a multiple of 8 */
export function decodeInsns(bytes: Uint8Array): Insn[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out: Insn[] = [];
  for (let at = 0; at + INSN_BYTES <= bytes.length; at += INSN_BYTES) {
    const regs = view.getUint8(at + 1);
    out.push({
      code: view.getUint8(at),
      dst: regs & 0xf,
      src: regs >> 4,
      off: view.getInt16(at + 2, true),
      imm: view.getInt32(at + 4, true),
    });
  }
  return out;
}

export function encodeInsns(insns: readonly Insn[]): Uint8Array {
  const out = new Uint8Array(insns.length * INSN_BYTES);
  const view = new DataView(out.buffer);
  insns.forEach((insn, i) => {
    const at = i * INSN_BYTES;
    view.setUint8(at, insn.code);
    view.setUint8(at + 1, (insn.src << 4) | insn.dst);
    view.setInt16(at + 2, insn.off, true);
    view.setInt32(at + 4, insn.imm, true);
  });
  return out;
}

/** The 64-bit immediate of the ld_imm64 whose halves are given, unsigned. */
export const imm64 = (low: Insn, high: Insn): bigint =>
  (BigInt(high.imm >>> 0) << 32n) | BigInt(low.imm >>> 0);
