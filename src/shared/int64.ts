/** 64-bit integers are bigints: unsigned in registers and memory, signed where C says so. */
export const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
export const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
export const U64_MAX = 0xffff_ffff_ffff_ffffn;
export const S64_MIN = -0x8000_0000_0000_0000n;
export const S64_MAX = 0x7fff_ffff_ffff_ffffn;
/** 0x-prefixed lower-case hex. */
export const hex = (x: bigint | number): string => '0x' + (typeof x === 'number' ? x : u64(x)).toString(16);
/** Rounds up to a multiple of `align`, a power of two. */
export const alignUp = (x: number, align: number): number => Math.ceil(x / align) * align;
