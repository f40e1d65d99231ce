// tanh x

import { add, all, div, exp, madd, mul, one, sub, tanh_ratio, where } from "../math";

function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 { return tanh_ratio(x); }
function slope(x: v128): v128 {
  const e = exp(mul(all(-2), f32x4.abs(x))), d = add(one(), e);
  return div(mul(all(4), e), mul(d, d));
}
function lost(x: v128): v128 {
  const z = mul(x, x);
  const series = madd(madd(all(0.32380952), z, all(-0.53333333)), z, all(0.66666667));
  return mul(x, where(f32x4.lt(z, all(0.01)), mul(z, series), sub(gate(x), slope(x))));
}
