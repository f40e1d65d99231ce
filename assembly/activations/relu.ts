// max(x, 0)

import { above, all, one } from "../math";

function f(x: v128): v128 { return f32x4.max(x, all(0)); }
function gate(x: v128): v128 { return v128.and(above(x, 0), one()); }
function slope(x: v128): v128 { return gate(x); }
function lost(_: v128): v128 { return all(0); }
