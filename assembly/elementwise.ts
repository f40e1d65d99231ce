// Arithmetic on whole tensors. The last operand may be shorter: it is read again from its start every m elements.

import { load4, store4 } from "./memory";

export function add(out: usize, a: usize, b: usize, n: u32, m: u32): void {
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i += 4) {
      store4(out, j + i, j + m, f32x4.add(load4(a, j + i, j + m), load4(b, i, m)));
    }
  }
}
