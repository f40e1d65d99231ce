// The gradient to start from.

import { at, first, from, last, put } from "./memory";

/** A request's row holds a weight for every class and, last, the weight of the top class among those that have none. */
export function seed(out: usize, logits: usize, request: usize, rows: u32, classes: u32, forward: u32): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const to = from(out, r * classes), asked = from(request, r * (classes + 1));
    const row = from(logits, (r % forward) * classes);
    let top: u32 = classes;
    for (let c: u32 = 0; c < classes; c++) {
      put(to, c, at(asked, c));
      if (at(asked, c) == 0 && (top == classes || at(row, c) > at(row, top))) top = c;
    }
    if (top < classes) put(to, top, at(asked, classes));
  }
}
