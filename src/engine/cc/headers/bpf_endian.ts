/** bpf/bpf_endian.h: byte order of the network and back. BPF programs here are little-endian. */
const WIDTHS: readonly (readonly [suffix: string, bits: 16 | 32 | 64])[] = [
  ['s', 16],
  ['l', 32],
];
const swap = (name: string, bits: number): string =>
  `#define ${name}(x) (__builtin_constant_p(x) ? ___bpf_swab${bits}(x) : __builtin_bswap${bits}(x))`;
const plain = (name: string, bits: number): string => `#define ${name}(x) __builtin_bswap${bits}(x)`;
const swapText = WIDTHS.flatMap(([suffix, bits]) => [
  swap(`bpf_hton${suffix}`, bits),
  swap(`bpf_ntoh${suffix}`, bits),
  plain(`__bpf_hton${suffix}`, bits),
  plain(`__bpf_ntoh${suffix}`, bits),
  `#define __bpf_constant_hton${suffix}(x) ___bpf_swab${bits}(x)`,
  `#define __bpf_constant_ntoh${suffix}(x) ___bpf_swab${bits}(x)`,
]);
const ordered = [16, 32, 64].flatMap((bits) => [
  swap(`bpf_cpu_to_be${bits}`, bits),
  swap(`bpf_be${bits}_to_cpu`, bits),
  `#define bpf_cpu_to_le${bits}(x) (x)`,
  `#define bpf_le${bits}_to_cpu(x) (x)`,
]);
/** The byte at `from` bits of a value moved to `to`. */
const byte = (type: string, from: number, to: number): string =>
  `(((${type})(x) >> ${from} & 0xff) << ${to})`;
const constantSwap = (bits: number): string => {
  const type = bits === 64 ? 'unsigned long long' : bits === 32 ? 'unsigned int' : 'unsigned short';
  const bytes = Array.from({ length: bits / 8 }, (_, i) => byte(type, 8 * i, bits - 8 - 8 * i));
  return `#define ___bpf_swab${bits}(x) ((${type})(${bytes.join(' | ')}))`;
};

/** bpf/bpf_endian.h */
export const BPF_ENDIAN = [
  '#ifndef __BPF_ENDIAN__',
  '#define __BPF_ENDIAN__',
  ...[16, 32, 64].map(constantSwap),
  ...swapText,
  ...ordered,
  '#endif',
  '',
].join('\n');
