/** Text and bytes. Kernel text is bytes; where a string stands for bytes, each char is one byte (latin-1). */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const utf8Encode = (text: string): Uint8Array => encoder.encode(text);
export const utf8Decode = (bytes: Uint8Array): string => decoder.decode(bytes);

/** From here on it is faster to ask the encoder first. */
const LONG = 256;

/** One byte per char; chars above 0xff keep their low byte. */
export function latin1Encode(text: string): Uint8Array {
  if (text.length >= LONG) {
    // As many bytes as chars: all of it is ASCII, which both encodings write alike.
    const ascii = encoder.encode(text);
    if (ascii.length === text.length) return ascii;
  }
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i) & 0xff;
  return out;
}

/** One char per byte. A loop is faster than spreading the bytes into one call, whatever their number. */
export function latin1Decode(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out;
}

/** The latin-1 text before the first NUL, or all of it. */
export function cString(bytes: Uint8Array, start = 0): string {
  const end = bytes.indexOf(0, start);
  return latin1Decode(bytes.subarray(start, end < 0 ? bytes.length : end));
}
