// The kernels of an activation. A file of assembly/activations/ has its closed forms, as in shaders/lib/activation.wgsl:
//   f      the activation itself
//   gate   (f(x) − f(0)) / x, f′(0) at 0    the identity rule sends g · gate (AttnLRP Eq. 9) and keeps f(0)
//   slope  f′(x), at kinks as PyTorch's     the gradient rule sends g · slope
//   lost   f(x) − x f′(x)                   and keeps this
// x may be shorter than the output: it is read again from its start every m elements.

import { each, times } from "../map";

export function value(out: usize, x: usize, n: u32, m: u32): void { each(f, out, x, n, m); }
export function identity(out: usize, x: usize, g: usize, n: u32, m: u32): void { times(gate, out, x, g, n, m); }
export function grad(out: usize, x: usize, g: usize, n: u32, m: u32): void { times(slope, out, x, g, n, m); }
export function kept(out: usize, x: usize, n: u32, m: u32): void { each(lost, out, x, n, m); }
