/** The kernel's character classes for latin-1 bytes. Source: lib/ctype.c. */
export const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39;
export const isSpace = (c: number): boolean => (c >= 9 && c <= 13) || c === 0x20 || c === 0xa0;
export const isPrint = (c: number): boolean => (c >= 0x20 && c <= 0x7e) || c >= 0xa0;
const isUpper = (c: number): boolean => (c >= 0x41 && c <= 0x5a) || (c >= 0xc0 && c <= 0xde && c !== 0xd7);
const isLower = (c: number): boolean => (c >= 0x61 && c <= 0x7a) || (c >= 0xdf && c !== 0xf7);
export const isAlnum = (c: number): boolean => isDigit(c) || isUpper(c) || isLower(c);
/** Printable, but neither letter, digit nor space. */
export const isPunct = (c: number): boolean => isPrint(c) && !isSpace(c) && !isAlnum(c);
