// lib: activation

// tanh x

fn f(x: f32) -> f32 { return x * gate(x); }
fn gate(x: f32) -> f32 { return tanh_ratio(x); }
fn slope(x: f32) -> f32 {
  let e = exponential(-2.0 * abs(x));
  let d = 1.0 + e;
  return 4.0 * e / (d * d);
}
fn lost(x: f32) -> f32 {
  let z = x * x;
  if (z < 0.01) { return x * z * (0.66666667 - z * (0.53333333 - 0.32380952 * z)); }
  return x * (gate(x) - slope(x));
}
