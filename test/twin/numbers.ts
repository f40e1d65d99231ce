// Sums over flat row-major arrays.

export type Numbers = ArrayLike<number>;

export function total(a: Numbers): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i];
  return sum;
}

/** ⟨a, b⟩, the sum of a·b over all elements. */
export function dot(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export function add(a: Numbers, b: Numbers): Float64Array {
  return Float64Array.from(a, (value, i) => value + b[i]);
}

export function scaled(a: Numbers, factor: number): Float64Array {
  return Float64Array.from(a, (value) => value * factor);
}

/** max |aᵢ − bᵢ| / max |bᵢ|, without the division where b is all zeros. */
export function distance(a: Numbers, b: Numbers): number {
  let apart = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    apart = Math.max(apart, Math.abs(a[i] - b[i]));
    size = Math.max(size, Math.abs(b[i]));
  }
  if (a.length !== b.length) return Number.NaN;
  return size ? apart / size : apart;
}
