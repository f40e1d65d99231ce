// Rotary positions (Su et al., 2021): in each head, number k and the one half a head further are turned together by an
// angle of their token's place.
//   x: [batch, t, width]   angles: [t, head], cosines and then sines, half a head of each

import { at, first, from, last, put } from "./memory";

export function rotate(
  out: usize, x: usize, angles: usize, n: u32, t: u32, width: u32, head: u32, sign: f32,
): void {
  const rows = n / width, half = head >> 1;
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const cosines = from(angles, (r % t) * head), sines = from(cosines, half);
    for (let h = r * width; h < (r + 1) * width; h += head) {
      for (let k: u32 = 0; k < half; k++) {
        const a = at(x, h + k), b = at(x, h + k + half), c = at(cosines, k), s = sign * at(sines, k);
        put(out, h + k, a * c - b * s);
        put(out, h + k + half, b * c + a * s);
      }
    }
  }
}
