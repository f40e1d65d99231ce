// Activations f(x) = x · gate(x), each by three closed forms that do not cancel:
//   gate   f(x)/x, f′(0) at 0      identity rule: g · gate (AttnLRP Eq. 9); with x for g, f itself
//   slope  f′(x)                   gradient: g · slope
//   lost   f(x) − x f′(x)          what the gradient keeps
// x may be shorter than the output: it is read again from its start every m elements.

import { all, exp, madd, normal_cdf, normal_density, one, sigmoid, tanh_ratio } from "./math";
import { load4, store4 } from "./memory";

// @ts-expect-error: decorator
@inline
function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

// Classes without fields are AssemblyScript's way to pass functions to a generic at compile time.
@unmanaged
class Gelu {
  gate(x: v128): v128 {
    return normal_cdf(x);
  }
  slope(x: v128): v128 {
    return madd(x, normal_density(x), normal_cdf(x));
  }
  lost(x: v128): v128 {
    return mul(mul(f32x4.neg(x), x), normal_density(x));
  }
}

@unmanaged
class GeluTanh {
  /** 2u, as ½(1 + tanh u) = σ(2u) */
  inner(x: v128): v128 {
    return mul(all(1.5957691216), madd(mul(mul(all(0.044715), x), x), x, x));
  }
  bend(x: v128): v128 {
    const u = this.inner(x);
    const rise = mul(all(1.5957691216), madd(mul(all(0.134145), x), x, one()));
    return mul(mul(mul(x, sigmoid(u)), sigmoid(f32x4.neg(u))), rise);
  }
  gate(x: v128): v128 {
    return sigmoid(this.inner(x));
  }
  slope(x: v128): v128 {
    return f32x4.add(this.gate(x), this.bend(x));
  }
  lost(x: v128): v128 {
    return mul(f32x4.neg(x), this.bend(x));
  }
}

@unmanaged
class Silu {
  gate(x: v128): v128 {
    return sigmoid(x);
  }
  slope(x: v128): v128 {
    return mul(sigmoid(x), madd(x, sigmoid(f32x4.neg(x)), one()));
  }
  lost(x: v128): v128 {
    return mul(mul(mul(f32x4.neg(x), x), sigmoid(x)), sigmoid(f32x4.neg(x)));
  }
}

@unmanaged
class Relu {
  gate(x: v128): v128 {
    return v128.and(f32x4.gt(x, all(0)), one());
  }
  slope(x: v128): v128 {
    return this.gate(x);
  }
  lost(_: v128): v128 {
    return all(0);
  }
}

@unmanaged
class Tanh {
  gate(x: v128): v128 {
    return tanh_ratio(x);
  }
  slope(x: v128): v128 {
    const e = exp(mul(all(-2), f32x4.abs(x)));
    const d = f32x4.add(one(), e);
    return f32x4.div(mul(all(4), e), mul(d, d));
  }
  lost(x: v128): v128 {
    const z = mul(x, x);
    const series = madd(madd(all(0.32380952), z, all(-0.53333333)), z, all(0.66666667));
    const plain = f32x4.sub(tanh_ratio(x), this.slope(x));
    return mul(x, v128.bitselect(mul(z, series), plain, f32x4.lt(z, all(0.01))));
  }
}

function identity<F>(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  const f = changetype<F>(0);
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i += 4) {
      store4(out, j + i, j + m, mul(load4(g, j + i, j + m), f.gate(load4(x, i, m))));
    }
  }
}

function gradient<F>(out: usize, x: usize, g: usize, n: u32, m: u32): void {
  const f = changetype<F>(0);
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i += 4) {
      store4(out, j + i, j + m, mul(load4(g, j + i, j + m), f.slope(load4(x, i, m))));
    }
  }
}

function kept<F>(out: usize, x: usize, n: u32, m: u32): void {
  const f = changetype<F>(0);
  for (let j: u32 = 0; j < n; j += m) {
    for (let i: u32 = 0; i < m; i += 4) store4(out, j + i, j + m, f.lost(load4(x, i, m)));
  }
}

export function gelu(out: usize, x: usize, n: u32, m: u32): void {
  identity<Gelu>(out, x, x, n, m);
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
  identity<GeluTanh>(out, x, x, n, m);
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
  identity<Silu>(out, x, x, n, m);
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
  identity<Relu>(out, x, x, n, m);
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
  identity<Tanh>(out, x, x, n, m);
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
