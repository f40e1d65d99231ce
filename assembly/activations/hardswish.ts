// x · (x + 3)/6, of which the second is between 0 and 1

import { add, all, clamp, div, mul, neg, where } from "../math";

function inside(x: v128): v128 { return f32x4.le(f32x4.abs(x), all(3)); }

function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 { return clamp(div(add(x, all(3)), all(6)), 0, 1); }
function slope(x: v128): v128 { return where(inside(x), add(div(x, all(3)), all(0.5)), gate(x)); }
function lost(x: v128): v128 { return v128.and(inside(x), neg(div(mul(x, x), all(6)))); }
