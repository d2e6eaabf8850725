/** Bytes as text of a module that is made while building: decoded when somebody wants them, once. */

/** The function `lazily`, for the text of a module. */
export const LAZILY = `const lazily = (text) => {
  let bytes = null;
  return () => {
    if (bytes) return bytes;
    const chars = atob(text);
    bytes = new Uint8Array(chars.length);
    for (let i = 0; i < chars.length; i++) bytes[i] = chars.charCodeAt(i);
    return bytes;
  };
};`;

/** An expression: a function that answers with the bytes. */
export const lazyBytes = (bytes: Uint8Array): string => `lazily("${Buffer.from(bytes).toString('base64')}")`;
