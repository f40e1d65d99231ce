// x Φ(x), at most 10: which it is from x = 10 on, in all digits that f32 has. Below −10 it is never.

import { above, all, div, mul_add, mul, neg, normal_cdf, normal_density, where } from "../math";

function f(x: v128): v128 { return f32x4.min(mul(x, normal_cdf(x)), all(10)); }
function gate(x: v128): v128 { return where(above(x, 10), div(all(10), x), normal_cdf(x)); }
function slope(x: v128): v128 { return where(above(x, 10), all(0), mul_add(x, normal_density(x), normal_cdf(x))); }
function lost(x: v128): v128 { return where(above(x, 10), all(10), neg(mul(x, mul(x, normal_density(x))))); }
