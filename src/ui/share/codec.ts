/**
 * Text in a URL: UTF-8, deflate, base64url. The way back trusts nothing: what is no base64url, no deflate
 * stream, no UTF-8 or too long is null.
 */
import { Inflate, deflateSync } from 'fflate';

/** Compressed bytes handed to the inflater at once: no more than a thousand times as much comes out. */
const SLICE = 512;

const toBase64Url = (bytes: Uint8Array): string => {
  let chars = '';
  for (const byte of bytes) chars += String.fromCharCode(byte);
  return btoa(chars).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};

function fromBase64Url(text: string): Uint8Array | null {
  if (!/^[\w-]+$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  } catch {
    return null;
  }
}

export const pack = (text: string): string =>
  toBase64Url(deflateSync(new TextEncoder().encode(text), { level: 9 }));

/** Inflates at most `most` bytes; null: not a whole stream, or a longer one. */
function inflate(bytes: Uint8Array, most: number): Uint8Array | null {
  const parts: Uint8Array[] = [];
  const got = { length: 0, ended: false };
  const stream = new Inflate((part, last) => {
    parts.push(part);
    got.length += part.length;
    got.ended ||= last;
  });
  try {
    for (let from = 0; from < bytes.length && got.length <= most; from += SLICE)
      stream.push(bytes.subarray(from, from + SLICE), from + SLICE >= bytes.length);
  } catch {
    return null;
  }
  if (!got.ended || got.length > most) return null;
  const whole = new Uint8Array(got.length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * The inverse of pack.
 *
 * @param most bytes of UTF-8 that are accepted
 * @returns null when the text was not made by pack, or is longer
 */
export function unpack(packed: string, most: number): string | null {
  const compressed = fromBase64Url(packed);
  const bytes = compressed && inflate(compressed, most);
  if (!bytes) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
