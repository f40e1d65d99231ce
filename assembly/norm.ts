// Layer normalisation along each row: x̂ · w + b, with x̂ = (x − mean) · rstd and rstd = 1/√(var + eps).
// Gradients may have several times the rows of the forward pass; row r then belongs to forward row r % forward.

import { at, from, put } from "./memory";

function mean(x: usize, cols: u32): f32 {
  let total: f32 = 0;
  for (let i: u32 = 0; i < cols; i++) total += at(x, i);
  return total / <f32>cols;
}

function variance(x: usize, m: f32, cols: u32): f32 {
  let total: f32 = 0;
  for (let i: u32 = 0; i < cols; i++) total += (at(x, i) - m) * (at(x, i) - m);
  return total / <f32>cols;
}

export function layer_norm(
  out: usize, x: usize, w: usize, b: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, out = from(out, cols)) {
    const row = from(x, (r % forward) * cols);
    const m = mean(row, cols), rstd: f32 = 1 / sqrt<f32>(variance(row, m, cols) + eps);
    for (let i: u32 = 0; i < cols; i++) put(out, i, (at(row, i) - m) * rstd * at(w, i) + at(b, i));
  }
}

/** (ĝ − mean ĝ) · rstd with ĝ = g · w: the deviation held constant, only the mean couples the columns. */
export function layer_norm_identity(
  out: usize, x: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols), out = from(out, cols)) {
    const row = from(x, (r % forward) * cols);
    const rstd: f32 = 1 / sqrt<f32>(variance(row, mean(row, cols), cols) + eps);
    let total: f32 = 0;
    for (let i: u32 = 0; i < cols; i++) total += at(g, i) * at(w, i);
    total /= <f32>cols;
    for (let i: u32 = 0; i < cols; i++) put(out, i, (at(g, i) * at(w, i) - total) * rstd);
  }
}

/** (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd */
export function layer_norm_grad(
  out: usize, x: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols), out = from(out, cols)) {
    const row = from(x, (r % forward) * cols);
    const m = mean(row, cols), rstd: f32 = 1 / sqrt<f32>(variance(row, m, cols) + eps);
    let plain: f32 = 0, along: f32 = 0;
    for (let i: u32 = 0; i < cols; i++) {
      const v = at(g, i) * at(w, i);
      plain += v;
      along += v * (at(row, i) - m) * rstd;
    }
    plain /= <f32>cols;
    along /= <f32>cols;
    for (let i: u32 = 0; i < cols; i++) {
      put(out, i, (at(g, i) * at(w, i) - plain - (at(row, i) - m) * rstd * along) * rstd);
    }
  }
}

/** What the plain gradient keeps of a row beyond b: [var/(var + eps)] · Σ ĝ x̂ */
export function layer_norm_kept(
  out: usize, x: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols)) {
    const row = from(x, (r % forward) * cols);
    const m = mean(row, cols), v = variance(row, m, cols), rstd: f32 = 1 / sqrt<f32>(v + eps);
    let along: f32 = 0;
    for (let i: u32 = 0; i < cols; i++) along += at(g, i) * at(w, i) * (at(row, i) - m) * rstd;
    put(out, r, (v / (v + eps)) * along);
  }
}
