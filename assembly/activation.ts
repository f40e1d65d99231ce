// Activations f(x) = x · gate(x), each by three closed forms that do not cancel:
//   gate   f(x)/x, f′(0) at 0      f itself: x · gate; identity rule: g · gate (AttnLRP Eq. 9)
//   slope  f′(x)                   gradient: g · slope
//   loss   f(x)/x − f′(x)          what the gradient keeps: x · loss
// x may be shorter than the output: it is read again from its start every m elements.

import { all, exp, madd, normal_cdf, normal_density, one, sigmoid, tanh_ratio } from "./math";
import { first, last, load4, store4 } from "./memory";

/** out = g · f(x) */
function times(f: (x: v128) => v128, out: usize, x: usize, g: usize, n: u32, m: u32): void {
  for (let j = first(n, 4), end = last(n, 4), stop: u32 = 0; j < end; j = stop) {
    const base = j - (j % m);
    stop = min<u32>(end, base + m);
    for (let i = j; i < stop; i += 4) {
      store4(out, i, stop, f32x4.mul(load4(g, i, stop), f(load4(x, i - base, stop - base))));
    }
  }
}

// @ts-expect-error: decorator
@inline
function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

// gelu: the gate is Φ

function gelu_slope(x: v128): v128 {
  return madd(x, normal_density(x), normal_cdf(x));
}
function gelu_loss(x: v128): v128 {
  return f32x4.neg(mul(x, normal_density(x)));
}

export function gelu(out: usize, x: usize, n: u32, m: u32): void {
  times(normal_cdf, out, x, x, n, m);
}
export function gelu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(normal_cdf, out, x, g, n, m);
}
export function gelu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(gelu_slope, out, x, g, n, m);
}
export function gelu_kept(out: usize, x: usize, n: u32, m: u32): void {
  times(gelu_loss, out, x, x, n, m);
}

// gelu by tanh: the gate is ½(1 + tanh u) = σ(2u)

function twice_u(x: v128): v128 {
  return mul(all(1.5957691216), madd(mul(mul(all(0.044715), x), x), x, x));
}
function gelu_tanh_gate(x: v128): v128 {
  return sigmoid(twice_u(x));
}
function gelu_tanh_loss(x: v128): v128 {
  const u = twice_u(x);
  const rise = mul(all(-1.5957691216), madd(mul(all(0.134145), x), x, one()));
  return mul(mul(mul(x, sigmoid(u)), sigmoid(f32x4.neg(u))), rise);
}
function gelu_tanh_slope(x: v128): v128 {
  return f32x4.sub(gelu_tanh_gate(x), gelu_tanh_loss(x));
}

export function gelu_tanh(out: usize, x: usize, n: u32, m: u32): void {
  times(gelu_tanh_gate, out, x, x, n, m);
}
export function gelu_tanh_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(gelu_tanh_gate, out, x, g, n, m);
}
export function gelu_tanh_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(gelu_tanh_slope, out, x, g, n, m);
}
export function gelu_tanh_kept(out: usize, x: usize, n: u32, m: u32): void {
  times(gelu_tanh_loss, out, x, x, n, m);
}

// silu: the gate is σ

function silu_slope(x: v128): v128 {
  return mul(sigmoid(x), madd(x, sigmoid(f32x4.neg(x)), one()));
}
function silu_loss(x: v128): v128 {
  return mul(mul(f32x4.neg(x), sigmoid(x)), sigmoid(f32x4.neg(x)));
}

export function silu(out: usize, x: usize, n: u32, m: u32): void {
  times(sigmoid, out, x, x, n, m);
}
export function silu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(sigmoid, out, x, g, n, m);
}
export function silu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(silu_slope, out, x, g, n, m);
}
export function silu_kept(out: usize, x: usize, n: u32, m: u32): void {
  times(silu_loss, out, x, x, n, m);
}

// relu: gate and slope are the same

function positive(x: v128): v128 {
  return v128.and(f32x4.gt(x, all(0)), one());
}
function nothing(_: v128): v128 {
  return all(0);
}

export function relu(out: usize, x: usize, n: u32, m: u32): void {
  times(positive, out, x, x, n, m);
}
export function relu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(positive, out, x, g, n, m);
}
export function relu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(positive, out, x, g, n, m);
}
export function relu_kept(out: usize, x: usize, n: u32, m: u32): void {
  times(nothing, out, x, x, n, m);
}

// tanh: the gate is tanh(x)/x

function tanh_slope(x: v128): v128 {
  const e = exp(mul(all(-2), f32x4.abs(x)));
  const d = f32x4.add(one(), e);
  return f32x4.div(mul(all(4), e), mul(d, d));
}
function tanh_loss(x: v128): v128 {
  const z = mul(x, x);
  const series = madd(madd(all(0.32380952), z, all(-0.53333333)), z, all(0.66666667));
  const plain = f32x4.sub(tanh_ratio(x), tanh_slope(x));
  return v128.bitselect(mul(z, series), plain, f32x4.lt(z, all(0.01)));
}

export function act_tanh(out: usize, x: usize, n: u32, m: u32): void {
  times(tanh_ratio, out, x, x, n, m);
}
export function act_tanh_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(tanh_ratio, out, x, g, n, m);
}
export function act_tanh_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  times(tanh_slope, out, x, g, n, m);
}
export function act_tanh_kept(out: usize, x: usize, n: u32, m: u32): void {
  times(tanh_loss, out, x, x, n, m);
}
