/** Keys and values of maps as text: short ones as a number, all as bytes. */
const NUMBER_SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8]);

/** `e8 03 00 00`, cut after `max` bytes. */
export const bytesText = (bytes: Uint8Array, max = 8): string =>
  [...bytes.subarray(0, max)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') +
  (bytes.length > max ? ' …' : '');

/** A little-endian number when the size is that of one, otherwise bytes. */
export function keyText(bytes: Uint8Array): string {
  if (!NUMBER_SIZES.has(bytes.length)) return bytesText(bytes, 4);
  return String(bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n));
}
