// Φ((x − µ)/σ), µ = 0.707107, σ = 0.282095

import { all, div, mul_add, mul, normal_cdf, normal_density, one, sub, where } from "../math";

function z(x: v128): v128 { return div(sub(x, all(0.707107)), all(0.282095)); }

function f(x: v128): v128 { return normal_cdf(z(x)); }
function gate(x: v128): v128 {
  // Near 0 the difference would cancel: there it is Taylor's series in t = x/σ about −µ/σ.
  const t = div(x, all(0.282095));
  let p = mul_add(all(-0.029081921), t, all(0.039827253));
  p = mul_add(p, t, all(0.3429045));
  p = mul_add(p, t, all(0.88052999));
  p = mul_add(p, t, all(1.2533136));
  const near = mul(slope(all(0)), mul_add(t, p, one()));
  return where(f32x4.lt(f32x4.abs(t), all(0.1)), near, div(sub(f(x), f(all(0))), x));
}
function slope(x: v128): v128 { return div(normal_density(z(x)), all(0.282095)); }
function lost(x: v128): v128 { return sub(f(x), mul(x, slope(x))); }
