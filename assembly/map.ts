// Functions of each element of x, which may be shorter than the output: it is read again from its start every m elements.

import { first, last, load4, store4 } from "./memory";

/** out = f(x) */
export function each(f: (x: v128) => v128, out: usize, x: usize, n: u32, m: u32): void {
  for (let j = first(n, 4), end = last(n, 4), stop: u32 = 0; j < end; j = stop) {
    const base = j - (j % m);
    stop = min<u32>(end, base + m);
    for (let i = j; i < stop; i += 4) store4(out, i, stop, f(load4(x, i - base, stop - base)));
  }
}

/** out = g · f(x) */
export function times(f: (x: v128) => v128, out: usize, x: usize, g: usize, n: u32, m: u32): void {
  for (let j = first(n, 4), end = last(n, 4), stop: u32 = 0; j < end; j = stop) {
    const base = j - (j % m);
    stop = min<u32>(end, base + m);
    for (let i = j; i < stop; i += 4) {
      store4(out, i, stop, f32x4.mul(load4(g, i, stop), f(load4(x, i - base, stop - base))));
    }
  }
}
