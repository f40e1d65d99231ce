// Rotary positions (Su et al., 2021): in each head, pairs of the first `turned` numbers are turned by an angle of their
// token's place and multiplied by `share`, the others by `rest`. A pair is a number and the one half of them further, or, of `neighbours`, the next one.
//   x: [batch, t, width]   angles: [rows, turned], cosines and then sines, half of each

import { at, first, from, last, put } from "./memory";

export function rotate(
  out: usize, x: usize, angles: usize, n: u32, rows: u32, width: u32, head: u32, turned: u32, neighbours: u32, sign: f32,
  share: f32, rest: f32,
): void {
  const half = turned >> 1, step: u32 = neighbours ? 2 : 1, apart: u32 = neighbours ? 1 : half;
  for (let r = first(n / width), end = last(n / width); r < end; r++) {
    const cosines = from(angles, (r % rows) * turned), sines = from(cosines, half);
    for (let h = r * width; h < (r + 1) * width; h += head) {
      for (let k: u32 = 0; k < half; k++) {
        const i = h + k * step;
        const a = at(x, i), b = at(x, i + apart), c = at(cosines, k), s = sign * at(sines, k);
        put(out, i, share * (a * c - b * s));
        put(out, i + apart, share * (b * c + a * s));
      }
      for (let k = turned; k < head; k++) put(out, h + k, rest * at(x, h + k));
    }
  }
}
