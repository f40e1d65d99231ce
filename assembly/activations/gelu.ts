// x Φ(x)

import { mul_add, mul, neg, normal_cdf, normal_density } from "../math";

function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 { return normal_cdf(x); }
function slope(x: v128): v128 { return mul_add(x, normal_density(x), gate(x)); }
function lost(x: v128): v128 { return neg(mul(x, mul(x, normal_density(x)))); }
