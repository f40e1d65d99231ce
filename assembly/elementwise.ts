// Arithmetic on whole tensors. The last operand may be shorter: it is read again from its start every m elements.

import { at, put } from "./memory";

export function add(out: usize, a: usize, b: usize, n: u32, m: u32): void {
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i++) put(out, j + i, at(a, j + i) + at(b, i));
  }
}
