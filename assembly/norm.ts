// Layer normalisation along each row: x̂ · w + b, with x̂ = (x − mean) · rstd and rstd = 1/√(var + eps). RMSNorm (Zhang and
// Sennrich 2019) is the same with 0 in place of the mean and of b: `centred` is 0 then, else 1.
// Gradients may have several times the rows of the forward pass; row r then belongs to forward row r % forward.

import { all, mul_add, sum } from "./math";
import { inner } from "./matmul";
import { at, first, from, last, load4, put, store4 } from "./memory";

// Sums run in four lanes: that is faster, and rounds less than one long chain.
//
// A mean rounds, which a norm magnifies by |x|/deviation where that is small. So a mean is two numbers here: the second is
// the mean of what is left after the first (Chan, Golub and LeVeque 1983), and the variance is corrected by its square.

const MOMENTS: u32 = 4; // a row has: its mean, in two numbers, 1/√(var + eps) and var/(var + eps)
const LARGE: f32 = 1e37; // squares beyond add up to infinity

function mean(x: usize, cols: u32): f32 {
  let total = all(0);
  for (let i: u32 = 0; i < cols; i += 4) total = f32x4.add(total, load4(x, i, cols));
  return sum(total) / <f32>cols;
}

/** Writes a row's moments. */
function measure(moments: usize, x: usize, cols: u32, eps: f32, centred: u32): void {
  const n = <f32>cols, m: f32 = centred ? mean(x, cols) : 0, middle = all(m);
  let left = all(0), squares = all(0);
  for (let i: u32 = 0; i < cols; i += 4) {
    const d = f32x4.sub(load4(x, i, cols, middle), middle);
    left = f32x4.add(left, d);
    squares = mul_add(d, d, squares);
  }
  const rest: f32 = centred ? sum(left) / n : 0, total = sum(squares);
  if (!(total < LARGE)) return measure_large(moments, x, cols, eps, centred);
  const v: f32 = max<f32>(total / n - rest * rest, 0);
  put(moments, 0, m);
  put(moments, 1, rest);
  put(moments, 2, 1 / sqrt<f32>(v + eps));
  put(moments, 3, v / (v + eps));
}

/** The same in f64, of a row that is too large for squares in f32. */
function measure_large(moments: usize, x: usize, cols: u32, eps: f32, centred: u32): void {
  let total: f64 = 0, squares: f64 = 0;
  for (let i: u32 = 0; i < cols; i++) total += at(x, i);
  const m = centred ? total / cols : 0;
  for (let i: u32 = 0; i < cols; i++) {
    const d = <f64>at(x, i) - m;
    squares += d * d;
  }
  const v = squares / cols;
  put(moments, 0, <f32>m);
  put(moments, 1, <f32>(m - <f64><f32>m));
  put(moments, 2, <f32>(1 / sqrt<f64>(v + eps)));
  put(moments, 3, <f32>(v / (v + eps)));
}

/** Four of x less the mean. */
// @ts-expect-error: decorator
@inline
function less_mean(x: usize, i: u32, cols: u32, m: v128, rest: v128): v128 {
  return f32x4.sub(f32x4.sub(load4(x, i, cols), m), rest);
}

/** What is left of ĝ = g · w less its first mean m, as a mean. */
function left_of(g: usize, w: usize, m: f32, cols: u32): f32 {
  const middle = all(m);
  let total = all(0);
  let i: u32 = 0;
  for (; i + 4 <= cols; i += 4) total = f32x4.add(total, f32x4.sub(f32x4.mul(load4(g, i, cols), load4(w, i, cols)), middle));
  let tail = sum(total);
  for (; i < cols; i++) tail += at(g, i) * at(w, i) - m;
  return tail / <f32>cols;
}

/** Σ ĝ x̂ with ĝ = g · w. */
function inner_hat(x: usize, w: usize, g: usize, moments: usize, cols: u32): f32 {
  const m = all(at(moments, 0)), rest = all(at(moments, 1)), by = all(at(moments, 2));
  let total = all(0);
  for (let i: u32 = 0; i < cols; i += 4) {
    const hat = f32x4.mul(less_mean(x, i, cols, m, rest), by);
    total = mul_add(f32x4.mul(load4(g, i, cols), load4(w, i, cols)), hat, total);
  }
  return sum(total);
}

/** x̂ · w + b, and each row's moments */
export function norm(
  out: usize, moments: usize, x: usize, w: usize, b: usize, rows: u32, cols: u32, forward: u32, eps: f32, centred: u32,
): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const row = from(x, r * cols), o = from(out, r * cols), own = from(moments, MOMENTS * r);
    measure(own, row, cols, eps, centred);
    const m = all(at(own, 0)), rest = all(at(own, 1)), rstd = all(at(own, 2));
    for (let i: u32 = 0; i < cols; i += 4) {
      const hat = f32x4.mul(less_mean(row, i, cols, m, rest), rstd);
      store4(o, i, cols, mul_add(hat, load4(w, i, cols), centred ? load4(b, i, cols) : all(0)));
    }
  }
}

/** (ĝ − mean ĝ) · rstd with ĝ = g · w: the deviation held constant, only the mean couples the columns. */
export function norm_identity(
  out: usize, moments: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32, centred: u32,
): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const up = from(g, r * cols), o = from(out, r * cols);
    const rstd = all(at(moments, MOMENTS * (r % forward) + 2));
    const plain: f32 = centred ? inner(up, w, cols) / <f32>cols : 0;
    const rest: f32 = centred ? left_of(up, w, plain, cols) : 0;
    for (let i: u32 = 0; i < cols; i += 4) {
      const hat = f32x4.mul(load4(up, i, cols), load4(w, i, cols));
      store4(o, i, cols, f32x4.mul(f32x4.sub(f32x4.sub(hat, all(plain)), all(rest)), rstd));
    }
  }
}

/** (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd */
export function norm_grad(
  out: usize, moments: usize, x: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32, centred: u32,
): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const up = from(g, r * cols), o = from(out, r * cols);
    const y = r % forward, row = from(x, y * cols), own = from(moments, MOMENTS * y);
    const m = all(at(own, 0)), left = all(at(own, 1)), rstd = all(at(own, 2));
    const plain: f32 = centred ? inner(up, w, cols) / <f32>cols : 0;
    const rest: f32 = centred ? left_of(up, w, plain, cols) : 0;
    const along = inner_hat(row, w, up, own, cols) / <f32>cols;
    for (let i: u32 = 0; i < cols; i += 4) {
      const hat = f32x4.mul(load4(up, i, cols), load4(w, i, cols));
      const unit = f32x4.mul(less_mean(row, i, cols, m, left), rstd);
      const more = f32x4.sub(f32x4.sub(f32x4.sub(hat, all(plain)), all(rest)), f32x4.mul(unit, all(along)));
      store4(o, i, cols, f32x4.mul(more, rstd));
    }
  }
}

/** What the plain gradient keeps of a row beyond b: [var/(var + eps)] · Σ ĝ x̂ */
export function norm_kept(
  out: usize, moments: usize, x: usize, w: usize, g: usize, rows: u32, cols: u32, forward: u32, eps: f32, centred: u32,
): void {
  for (let r = first(rows), end = last(rows); r < end; r++) {
    const y = r % forward, own = from(moments, MOMENTS * y);
    put(out, r, at(own, 3) * inner_hat(from(x, y * cols), w, from(g, r * cols), own, cols));
  }
}
