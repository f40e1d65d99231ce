// max(x, 0)²

import { all, mul, neg } from "../math";

function f(x: v128): v128 { return mul(gate(x), gate(x)); }
function gate(x: v128): v128 { return f32x4.max(x, all(0)); }
function slope(x: v128): v128 { return mul(all(2), gate(x)); }
function lost(x: v128): v128 { return neg(f(x)); }
