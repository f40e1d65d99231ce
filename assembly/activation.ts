// Activations f(x) = x · gate(x), each by three closed forms that do not cancel:
//   gate   f(x)/x, f′(0) at 0      identity rule: g · gate (AttnLRP Eq. 9)
//   slope  f′(x)                   gradient: g · slope
//   lost   f(x) − x f′(x)          what the gradient keeps
// x may be shorter than the output: it is read again from its start every m elements.

import { exp, normal_cdf, normal_density, sigmoid, tanh_ratio } from "./math";
import { at, put } from "./memory";

// Classes without fields are AssemblyScript's way to pass functions to a generic at compile time.
@unmanaged
class Gelu {
  gate(x: f32): f32 {
    return normal_cdf(x);
  }
  slope(x: f32): f32 {
    return normal_cdf(x) + x * normal_density(x);
  }
  lost(x: f32): f32 {
    return -x * x * normal_density(x);
  }
}

@unmanaged
class GeluTanh {
  inner(x: f32): f32 {
    return 1.5957691216 * (x + 0.044715 * x * x * x);
  } // 2u, as ½(1 + tanh u) = σ(2u)
  bend(x: f32): f32 {
    return x * sigmoid(this.inner(x)) * sigmoid(-this.inner(x)) * 1.5957691216 * (1 + 0.134145 * x * x);
  }
  gate(x: f32): f32 {
    return sigmoid(this.inner(x));
  }
  slope(x: f32): f32 {
    return this.gate(x) + this.bend(x);
  }
  lost(x: f32): f32 {
    return -x * this.bend(x);
  }
}

@unmanaged
class Silu {
  gate(x: f32): f32 {
    return sigmoid(x);
  }
  slope(x: f32): f32 {
    return sigmoid(x) * (1 + x * sigmoid(-x));
  }
  lost(x: f32): f32 {
    return -x * x * sigmoid(x) * sigmoid(-x);
  }
}

@unmanaged
class Relu {
  gate(x: f32): f32 {
    return x > 0 ? 1 : 0;
  }
  slope(x: f32): f32 {
    return x > 0 ? 1 : 0;
  }
  lost(_: f32): f32 {
    return 0;
  }
}

@unmanaged
class Tanh {
  gate(x: f32): f32 {
    return tanh_ratio(x);
  }
  slope(x: f32): f32 {
    const e = exp(-2 * abs(x));
    const d: f32 = 1 + e;
    return (4 * e) / (d * d);
  }
  lost(x: f32): f32 {
    const z = x * x;
    return z < 0.01 ? x * z * (0.66666667 - z * (0.53333333 - 0.32380952 * z)) : x * (tanh_ratio(x) - this.slope(x));
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
    for (let i: u32 = 0; i < m; i++) put(out, j + i, at(g, j + i) * f.slope(at(x, i)));
  }
}

function kept<F>(out: usize, x: usize, n: u32, m: u32): void {
  const f = changetype<F>(0);
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i++) put(out, j + i, f.lost(at(x, i)));
  }
}

export function gelu(out: usize, x: usize, n: u32, m: u32): void {
  forward<Gelu>(out, x, n, m);
}
export function gelu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  identity<Gelu>(out, x, g, n, m);
}
export function gelu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  gradient<Gelu>(out, x, g, n, m);
}
export function gelu_kept(out: usize, x: usize, n: u32, m: u32): void {
  kept<Gelu>(out, x, n, m);
}

export function gelu_tanh(out: usize, x: usize, n: u32, m: u32): void {
  forward<GeluTanh>(out, x, n, m);
}
export function gelu_tanh_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  identity<GeluTanh>(out, x, g, n, m);
}
export function gelu_tanh_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  gradient<GeluTanh>(out, x, g, n, m);
}
export function gelu_tanh_kept(out: usize, x: usize, n: u32, m: u32): void {
  kept<GeluTanh>(out, x, n, m);
}

export function silu(out: usize, x: usize, n: u32, m: u32): void {
  forward<Silu>(out, x, n, m);
}
export function silu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  identity<Silu>(out, x, g, n, m);
}
export function silu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  gradient<Silu>(out, x, g, n, m);
}
export function silu_kept(out: usize, x: usize, n: u32, m: u32): void {
  kept<Silu>(out, x, n, m);
}

export function relu(out: usize, x: usize, n: u32, m: u32): void {
  forward<Relu>(out, x, n, m);
}
export function relu_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  identity<Relu>(out, x, g, n, m);
}
export function relu_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  gradient<Relu>(out, x, g, n, m);
}
export function relu_kept(out: usize, x: usize, n: u32, m: u32): void {
  kept<Relu>(out, x, n, m);
}

export function act_tanh(out: usize, x: usize, n: u32, m: u32): void {
  forward<Tanh>(out, x, n, m);
}
export function act_tanh_identity(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  identity<Tanh>(out, x, g, n, m);
}
export function act_tanh_grad(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  gradient<Tanh>(out, x, g, n, m);
}
export function act_tanh_kept(out: usize, x: usize, n: u32, m: u32): void {
  kept<Tanh>(out, x, n, m);
}
