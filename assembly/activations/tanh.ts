// tanh x

import { mul, tanh_lost, tanh_ratio, tanh_slope } from "../math";

function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 { return tanh_ratio(x); }
function slope(x: v128): v128 { return tanh_slope(x); }
function lost(x: v128): v128 { return tanh_lost(x); }
