// lib: math

// tanh′, 1 − tanh² without its cancellation.
fn tanh_slope(x: f32) -> f32 {
  let e = exponential(-2.0 * abs(x));
  let d = 1.0 + e;
  return 4.0 * e / (d * d);
}

// tanh x − x tanh′.
fn tanh_lost(x: f32) -> f32 {
  let z = x * x;
  if (z < 0.01) { return x * z * (0.66666667 - z * (0.53333333 - 0.32380952 * z)); }
  return x * (tanh_ratio(x) - tanh_slope(x));
}
