import { RelpropError } from "../errors.ts";

/** Gauss and Legendre's nodes and weights on [0, 1]: exact for polynomials of degree 2·n − 1. */
export function legendre(n: number): { nodes: number[]; weights: number[] } {
  if (!Number.isInteger(n) || n < 1 || n > 1000) {
    throw new RelpropError("InvalidOption", `steps is a whole number from 1 to 1000, not ${n}`);
  }
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5)); // near the i-th root, from the right
    let slope = 0;
    for (let step = 0; step < 100; step++) {
      let [before, here] = [0, 1];
      for (let k = 1; k <= n; k++) [before, here] = [here, ((2 * k - 1) * x * here - (k - 1) * before) / k];
      slope = (n * (before - x * here)) / (1 - x * x);
      const change = here / slope;
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    nodes.push((1 + x) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}
