/** Sizes as people write them: 116 K, 1.4 M, 42 T. */
export function sizeText(bytes: bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    unit++;
  }
  const digits = value < 10 && unit > 1 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${'BKMGTP'[unit] ?? ''}`.trim();
}
