// A product number by number.

import { all } from "./math";
import { first, last, load4, store4 } from "./memory";

/** scale · a · b, b read again from its start every m elements */
export function mul(out: usize, a: usize, b: usize, n: u32, m: u32, scale: f32): void {
  for (let j = first(n, 4), end = last(n, 4), stop: u32 = 0; j < end; j = stop) {
    const base = j - (j % m);
    stop = min<u32>(end, base + m);
    for (let i = j; i < stop; i += 4) {
      const x = f32x4.mul(all(scale), load4(a, i, stop));
      store4(out, i, stop, f32x4.mul(x, load4(b, i - base, stop - base)));
    }
  }
}
