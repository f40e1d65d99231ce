// x tanh(ln(1 + eˣ)): with e = eˣ the gate is e(e + 2) / (e(e + 2) + 2).

import { add, all, div, exp, if_negative, mul_add, mul, neg, one, sigmoid, sub } from "../math";

/** 1 − gate, by powers of e^(−|x|). */
function rest(x: v128): v128 {
  const e = exp(neg(f32x4.abs(x)));
  const two = all(2), twice = mul(two, e);
  const up = div(mul(twice, e), mul_add(twice, add(one(), e), one()));
  return if_negative(x, div(two, mul_add(e, add(e, two), two)), up);
}

/** x gate′(x), where tanh′ is 1 − tanh². */
function bend(x: v128): v128 { return mul(mul(rest(x), add(one(), gate(x))), mul(x, sigmoid(x))); }

function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 {
  const e = exp(neg(f32x4.abs(x))), two = all(2), square = mul(e, add(e, two));
  return if_negative(x, div(square, add(square, two)), sub(one(), rest(x)));
}
function slope(x: v128): v128 { return add(gate(x), bend(x)); }
function lost(x: v128): v128 { return neg(mul(x, bend(x))); }
