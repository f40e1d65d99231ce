// Activations f(x) = x · gate(x). Everything follows from the gate and its slope gate′:
//   identity rule  g · gate              (f/x, AttnLRP Eq. 9)
//   gradient       g · (gate + x gate′)
//   kept           −x² gate′             (f − x f′: what the plain gradient loses)
// x may be shorter than the output: it is read again from its start every m elements.

import { normal_cdf, normal_density, sigmoid, tanh_ratio } from "./math";
import { at, put } from "./memory";

// Classes without fields are AssemblyScript's way to pass a function to a generic at compile time.
@unmanaged class Gelu {
  gate(x: f32): f32 { return normal_cdf(x); }
  x_slope(x: f32): f32 { return x * normal_density(x); }
}

@unmanaged class GeluTanh {
  gate(x: f32): f32 { return sigmoid(1.5957691216 * (x + 0.044715 * x * x * x)); }
  x_slope(x: f32): f32 {
    const s = this.gate(x);
    return x * s * (1 - s) * 1.5957691216 * (1 + 0.134145 * x * x);
  }
}

@unmanaged class Silu {
  gate(x: f32): f32 { return sigmoid(x); }
  x_slope(x: f32): f32 { return x * sigmoid(x) * sigmoid(-x); }
}

@unmanaged class Relu {
  gate(x: f32): f32 { return x > 0 ? 1 : 0; }
  x_slope(_: f32): f32 { return 0; }
}

@unmanaged class Tanh {
  gate(x: f32): f32 { return tanh_ratio(x); }
  x_slope(x: f32): f32 {
    const q = tanh_ratio(x), t = x * q;
    return abs(x) < 0.1 ? x * x * (-0.66666667 + x * x * (0.53333333 - 0.32380952 * x * x)) : 1 - t * t - q;
  }
}

function forward<F>(out: usize, x: usize, n: u32, m: u32): void {
  const f = changetype<F>(0);
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i++) put(out, j + i, at(x, i) * f.gate(at(x, i)));
  }
}

function identity<F>(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  const f = changetype<F>(0);
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i++) put(out, j + i, at(g, j + i) * f.gate(at(x, i)));
  }
}

function gradient<F>(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  const f = changetype<F>(0);
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i++) put(out, j + i, at(g, j + i) * (f.gate(at(x, i)) + f.x_slope(at(x, i))));
  }
}

function kept<F>(out: usize, x: usize, n: u32, m: u32): void {
  const f = changetype<F>(0);
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i++) put(out, j + i, -at(x, i) * f.x_slope(at(x, i)));
  }
}

export function gelu(out: usize, x: usize, n: u32, m: u32): void { forward<Gelu>(out, x, n, m); }
export function gelu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void { identity<Gelu>(out, x, g, n, m); }
export function gelu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void { gradient<Gelu>(out, x, g, n, m); }
export function gelu_kept(out: usize, x: usize, n: u32, m: u32): void { kept<Gelu>(out, x, n, m); }

export function gelu_tanh(out: usize, x: usize, n: u32, m: u32): void { forward<GeluTanh>(out, x, n, m); }
export function gelu_tanh_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void { identity<GeluTanh>(out, x, g, n, m); }
export function gelu_tanh_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void { gradient<GeluTanh>(out, x, g, n, m); }
export function gelu_tanh_kept(out: usize, x: usize, n: u32, m: u32): void { kept<GeluTanh>(out, x, n, m); }

export function silu(out: usize, x: usize, n: u32, m: u32): void { forward<Silu>(out, x, n, m); }
export function silu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void { identity<Silu>(out, x, g, n, m); }
export function silu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void { gradient<Silu>(out, x, g, n, m); }
export function silu_kept(out: usize, x: usize, n: u32, m: u32): void { kept<Silu>(out, x, n, m); }

export function relu(out: usize, x: usize, n: u32, m: u32): void { forward<Relu>(out, x, n, m); }
export function relu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void { identity<Relu>(out, x, g, n, m); }
export function relu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void { gradient<Relu>(out, x, g, n, m); }
export function relu_kept(out: usize, x: usize, n: u32, m: u32): void { kept<Relu>(out, x, n, m); }

export function act_tanh(out: usize, x: usize, n: u32, m: u32): void { forward<Tanh>(out, x, n, m); }
export function act_tanh_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void { identity<Tanh>(out, x, g, n, m); }
export function act_tanh_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void { gradient<Tanh>(out, x, g, n, m); }
export function act_tanh_kept(out: usize, x: usize, n: u32, m: u32): void { kept<Tanh>(out, x, n, m); }
