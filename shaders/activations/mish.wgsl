// lib: activation

// x tanh(ln(1 + eˣ)): with e = eˣ the gate is e(e + 2) / (e(e + 2) + 2).

// 1 − gate, by powers of e^(−|x|).
fn rest(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(2.0 * e * e / (1.0 + 2.0 * e * (1.0 + e)), 2.0 / (e * (e + 2.0) + 2.0), x < 0.0);
}

// x gate′(x), where tanh′ is 1 − tanh².
fn bend(x: f32) -> f32 { return rest(x) * (1.0 + gate(x)) * (x * sigmoid(x)); }

fn f(x: f32) -> f32 { return x * gate(x); }
fn gate(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(1.0 - rest(x), e * (e + 2.0) / (e * (e + 2.0) + 2.0), x < 0.0);
}
fn slope(x: f32) -> f32 { return gate(x) + bend(x); }
fn lost(x: f32) -> f32 { return -x * bend(x); }
