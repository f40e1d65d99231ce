// The soft cap, cap · tanh(x / cap), and what its rules need, as of any activation: see lib/activation.ts. x may be shorter
// than the output: it is read again from its start every m elements.

import { all, div, mul, tanh_lost, tanh_ratio, tanh_slope } from "./math";
import { each, times } from "./map";

let limit: f32 = 1;

function ratio(x: v128): v128 { return div(x, all(limit)); }
function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 { return tanh_ratio(ratio(x)); }
function slope(x: v128): v128 { return tanh_slope(ratio(x)); }
function lost(x: v128): v128 { return mul(all(limit), tanh_lost(ratio(x))); }

export function soft_cap(out: usize, x: usize, n: u32, m: u32, cap: f32): void {
  limit = cap;
  each(f, out, x, n, m);
}

export function soft_cap_identity(out: usize, x: usize, g: usize, n: u32, m: u32, cap: f32): void {
  limit = cap;
  times(gate, out, x, g, n, m);
}

export function soft_cap_grad(out: usize, x: usize, g: usize, n: u32, m: u32, cap: f32): void {
  limit = cap;
  times(slope, out, x, g, n, m);
}

export function soft_cap_kept(out: usize, x: usize, n: u32, m: u32, cap: f32): void {
  limit = cap;
  each(lost, out, x, n, m);
}
