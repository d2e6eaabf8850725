/** Numbers, bytes and addresses as the page writes them. */

const groups = new Intl.NumberFormat('en-US');
/** `32,768` */
export const count = (n: number): string => groups.format(n);

export const hexByte = (byte: number): string => byte.toString(16).padStart(2, '0');

/** `0xffff8880 4a1c3d00`: halves apart, so that two addresses can be compared by eye. */
export function longAddress(addr: bigint): string {
  const digits = addr.toString(16).padStart(16, '0');
  return `0x${digits.slice(0, 8)} ${digits.slice(8)}`;
}

/** `0xffff88804a1c3d00`, small numbers in decimal: what a register holds. */
export const registerText = (value: bigint): string =>
  value < 4096n ? value.toString() : `0x${value.toString(16)}`;

/** Little-endian 64-bit words of a byte string. */
export function words(bytes: Uint8Array): readonly bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 3 }, (_, i) => view.getBigUint64(i * 8, true));
}
