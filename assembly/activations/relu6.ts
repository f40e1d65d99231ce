// x between 0 and 6; the slope is 0 at both

import { above, all, clamp, div, one, where } from "../math";

function full(x: v128): v128 { return f32x4.ge(x, all(6)); }

function f(x: v128): v128 { return clamp(x, 0, 6); }
function gate(x: v128): v128 { return where(full(x), div(all(6), x), slope(x)); }
function slope(x: v128): v128 { return v128.andnot(v128.and(above(x, 0), one()), full(x)); }
function lost(x: v128): v128 { return v128.and(full(x), all(6)); }
