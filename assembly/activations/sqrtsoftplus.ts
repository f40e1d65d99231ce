// √(ln(1 + eˣ)), which is e^(½x) far down

import { add, all, div, exp, mul_add, mul, sigmoid, softplus, sub, where } from "../math";

function far_down(x: v128): v128 { return f32x4.lt(x, all(-17)); }

function f(x: v128): v128 { return where(far_down(x), exp(mul(all(0.5), x)), f32x4.sqrt(softplus(x))); }
function gate(x: v128): v128 {
  // (ln(1 + eˣ) − ln 2) / x, near 0 by ½ + ln(cosh ½x) / x.
  const s = mul(x, x);
  let p = mul_add(all(-2.6354786e-5), s, all(3.4722222e-4));
  p = mul_add(p, s, all(-0.0052083333));
  p = mul_add(p, s, all(0.125));
  const near = mul_add(p, x, all(0.5));
  const far = div(sub(softplus(x), all(0.69314718)), x);
  return div(where(f32x4.lt(f32x4.abs(x), all(0.5)), near, far), add(f(x), f(all(0))));
}
function slope(x: v128): v128 { return mul(all(0.5), where(far_down(x), f(x), div(sigmoid(x), f(x)))); }
function lost(x: v128): v128 { return sub(f(x), mul(x, slope(x))); }
