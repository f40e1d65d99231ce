/** Numbers in [0, 1) that a seed and whatever else is given decide (mulberry32). */
export function random(...seeds: number[]): () => number {
  let state = seeds.reduce((all, seed) => Math.imul(all ^ seed, 0x85ebca6b) + 0x9e3779b9, 0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x ^= x + Math.imul(x ^ (x >>> 7), 61 | x);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
