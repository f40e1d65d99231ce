// Arithmetic on whole tensors. The last operand may be shorter: it is read again from its start every m elements.

import { first, last, load4, store4 } from "./memory";

export function add(out: usize, a: usize, b: usize, n: u32, m: u32): void {
  for (let j = first(n, 4), end = last(n, 4), stop: u32 = 0; j < end; j = stop) {
    const base = j - (j % m);
    stop = min<u32>(end, base + m);
    for (let i = j; i < stop; i += 4) {
      store4(out, i, stop, f32x4.add(load4(a, i, stop), load4(b, i - base, stop - base)));
    }
  }
}
