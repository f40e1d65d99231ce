// x σ(x)

import { mul_add, mul, neg, one, sigmoid } from "../math";

function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 { return sigmoid(x); }
function slope(x: v128): v128 { return mul(gate(x), mul_add(x, sigmoid(neg(x)), one())); }
function lost(x: v128): v128 { return neg(mul(mul(x, sigmoid(x)), mul(x, sigmoid(neg(x))))); }
