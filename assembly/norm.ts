// Layer normalisation along each row: x̂ · w + b, with x̂ = (x − mean) · rstd and rstd = 1/√(var + eps).
// Gradients may have several times the rows of the forward pass; row r then belongs to forward row r % forward.

import { inner } from "./matmul";
import { at, from, put } from "./memory";

// Sums run in four lanes: that is faster, and rounds less than one long chain.

// @ts-expect-error: decorator
@inline
function lanes(v: v128): f32 {
  return (
    (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

function mean(x: usize, cols: u32): f32 {
  let acc = f32x4.splat(0);
  let i: u32 = 0;
  for (; i + 4 <= cols; i += 4) acc = f32x4.add(acc, v128.load(from(x, i)));
  let total = lanes(acc);
  for (; i < cols; i++) total += at(x, i);
  return total / <f32>cols;
}

function variance(x: usize, m: f32, cols: u32): f32 {
  const middle = f32x4.splat(m);
  let acc = f32x4.splat(0);
  let i: u32 = 0;
  for (; i + 4 <= cols; i += 4) {
    const d = f32x4.sub(v128.load(from(x, i)), middle);
    acc = f32x4.add(acc, f32x4.mul(d, d));
  }
  let total = lanes(acc);
  for (; i < cols; i++) total += (at(x, i) - m) * (at(x, i) - m);
  return total / <f32>cols;
}

/** Σ ĝ x̂ with ĝ = g · w. */
function inner_hat(x: usize, w: usize, g: usize, m: f32, rstd: f32, cols: u32): f32 {
  const middle = f32x4.splat(m), by = f32x4.splat(rstd);
  let acc = f32x4.splat(0);
  let i: u32 = 0;
  for (; i + 4 <= cols; i += 4) {
    const hat = f32x4.mul(f32x4.sub(v128.load(from(x, i)), middle), by);
    acc = f32x4.add(acc, f32x4.mul(f32x4.mul(v128.load(from(g, i)), v128.load(from(w, i))), hat));
  }
  let total = lanes(acc);
  for (; i < cols; i++) total += at(g, i) * at(w, i) * ((at(x, i) - m) * rstd);
  return total;
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
    const plain = inner(g, w, cols) / <f32>cols;
    for (let i: u32 = 0; i < cols; i++) put(out, i, (at(g, i) * at(w, i) - plain) * rstd);
  }
}

/** (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd */
export function layer_norm_grad(
  out: usize, x: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols), out = from(out, cols)) {
    const row = from(x, (r % forward) * cols);
    const m = mean(row, cols), rstd: f32 = 1 / sqrt<f32>(variance(row, m, cols) + eps);
    const plain = inner(g, w, cols) / <f32>cols;
    const along = inner_hat(row, w, g, m, rstd, cols) / <f32>cols;
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
    put(out, r, (v / (v + eps)) * inner_hat(row, w, g, m, rstd, cols));
  }
}
