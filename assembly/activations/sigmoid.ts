// σ(x) = ½ + ½ tanh(½x)

import { all, mul, neg, one, sigmoid, sub, tanh_ratio } from "../math";

function f(x: v128): v128 { return sigmoid(x); }
function gate(x: v128): v128 { return mul(all(0.25), tanh_ratio(mul(all(0.5), x))); }
function slope(x: v128): v128 { return mul(f(x), f(neg(x))); }
function lost(x: v128): v128 { return mul(f(x), sub(one(), mul(x, f(neg(x))))); }
