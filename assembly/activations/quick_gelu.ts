// x σ(1.702 x)

import { add, all, mul, neg, sigmoid } from "../math";

function steep(x: v128): v128 { return mul(all(1.702), x); }

/** x gate′(x) */
function bend(x: v128): v128 { return steep(mul(f(x), sigmoid(neg(steep(x))))); }

function f(x: v128): v128 { return mul(x, gate(x)); }
function gate(x: v128): v128 { return sigmoid(steep(x)); }
function slope(x: v128): v128 { return add(gate(x), bend(x)); }
function lost(x: v128): v128 { return neg(mul(x, bend(x))); }
