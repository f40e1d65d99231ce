// Layer normalisation along each row: x̂ · w + b, with x̂ = (x − mean) · rstd and rstd = 1/√(var + eps).
// Gradients may have several times the rows of the forward pass; row r then belongs to forward row r % forward.

import { all, madd, sum } from "./math";
import { inner } from "./matmul";
import { at, from, load4, put, store4 } from "./memory";

// Sums run in four lanes: that is faster, and rounds less than one long chain.

function mean(x: usize, cols: u32): f32 {
  let total = all(0);
  for (let i: u32 = 0; i < cols; i += 4) total = f32x4.add(total, load4(x, i, cols));
  return sum(total) / <f32>cols;
}

function variance(x: usize, m: f32, cols: u32): f32 {
  const middle = all(m);
  let total = all(0);
  for (let i: u32 = 0; i < cols; i += 4) {
    const d = f32x4.sub(load4(x, i, cols, middle), middle);
    total = madd(d, d, total);
  }
  return sum(total) / <f32>cols;
}

/** Σ ĝ x̂ with ĝ = g · w. */
function inner_hat(x: usize, w: usize, g: usize, m: f32, rstd: f32, cols: u32): f32 {
  const middle = all(m), by = all(rstd);
  let total = all(0);
  for (let i: u32 = 0; i < cols; i += 4) {
    const hat = f32x4.mul(f32x4.sub(load4(x, i, cols), middle), by);
    total = madd(f32x4.mul(load4(g, i, cols), load4(w, i, cols)), hat, total);
  }
  return sum(total);
}

/** x̂ · w + b, and each row's mean and variance */
export function layer_norm(
  out: usize, moments: usize, x: usize, w: usize, b: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, x = from(x, cols), out = from(out, cols)) {
    const m = mean(x, cols), v = variance(x, m, cols), rstd: f32 = 1 / sqrt<f32>(v + eps);
    put(moments, 2 * r, m);
    put(moments, 2 * r + 1, v);
    for (let i: u32 = 0; i < cols; i += 4) {
      const hat = f32x4.mul(f32x4.sub(load4(x, i, cols), all(m)), all(rstd));
      store4(out, i, cols, madd(hat, load4(w, i, cols), load4(b, i, cols)));
    }
  }
}

/** (ĝ − mean ĝ) · rstd with ĝ = g · w: the deviation held constant, only the mean couples the columns. */
export function layer_norm_identity(
  out: usize, moments: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols), out = from(out, cols)) {
    const rstd: f32 = 1 / sqrt<f32>(at(moments, 2 * (r % forward) + 1) + eps);
    const plain = inner(g, w, cols) / <f32>cols;
    for (let i: u32 = 0; i < cols; i += 4) {
      const hat = f32x4.mul(load4(g, i, cols), load4(w, i, cols));
      store4(out, i, cols, f32x4.mul(f32x4.sub(hat, all(plain)), all(rstd)));
    }
  }
}

/** (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd */
export function layer_norm_grad(
  out: usize, moments: usize, x: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols), out = from(out, cols)) {
    const y = r % forward, row = from(x, y * cols);
    const m = at(moments, 2 * y), rstd: f32 = 1 / sqrt<f32>(at(moments, 2 * y + 1) + eps);
    const plain = inner(g, w, cols) / <f32>cols;
    const along = inner_hat(row, w, g, m, rstd, cols) / <f32>cols;
    for (let i: u32 = 0; i < cols; i += 4) {
      const hat = f32x4.mul(load4(g, i, cols), load4(w, i, cols));
      const unit = f32x4.mul(f32x4.sub(load4(row, i, cols), all(m)), all(rstd));
      const rest = f32x4.sub(f32x4.sub(hat, all(plain)), f32x4.mul(unit, all(along)));
      store4(out, i, cols, f32x4.mul(rest, all(rstd)));
    }
  }
}

/** What the plain gradient keeps of a row beyond b: [var/(var + eps)] · Σ ĝ x̂ */
export function layer_norm_kept(
  out: usize, moments: usize, x: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32,
): void {
  for (let r: u32 = 0; r < rows; r++, g = from(g, cols)) {
    const y = r % forward, m = at(moments, 2 * y), v = at(moments, 2 * y + 1);
    put(out, r, (v / (v + eps)) * inner_hat(from(x, y * cols), w, g, m, 1 / sqrt<f32>(v + eps), cols));
  }
}
