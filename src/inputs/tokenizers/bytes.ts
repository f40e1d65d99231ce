/** A character for each byte (Radford et al., 2019): printable ones stand for themselves, others from U+0100 up. */
export const BYTES: readonly string[] = (() => {
  const printable = (b: number) => (b > 32 && b < 127) || (b > 160 && b !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
})();
