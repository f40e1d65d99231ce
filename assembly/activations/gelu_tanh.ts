// ½ x (1 + tanh u) = x σ(2u), u = √(2/π) (x + 0.044715 x³)

import { add, all, clamp, mul_add, mul, neg, one, sigmoid } from "../math";

function twice(x: v128): v128 { return mul(all(1.5957691216), mul_add(mul(mul(all(0.044715), x), x), x, x)); }

/** x gate′(x), which is 0 far out. */
function bend(x: v128): v128 {
  const v = clamp(x, -10, 10), u = twice(v);
  const rise = mul(all(1.5957691216), mul_add(mul(all(0.134145), v), v, one()));
  return mul(mul(mul(v, sigmoid(u)), sigmoid(neg(u))), rise);
}

function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 { return sigmoid(twice(x)); }
function slope(x: v128): v128 { return add(gate(x), bend(x)); }
function lost(x: v128): v128 { return neg(mul(x, bend(x))); }
