// lib: activation

// √(ln(1 + eˣ)), which is e^(½x) far down

fn f(x: f32) -> f32 {
  if (x < -17.0) { return exponential(0.5 * x); }
  return sqrt(softplus(x));
}
fn gate(x: f32) -> f32 {
  // (ln(1 + eˣ) − ln 2) / x, near 0 by ½ + ln(cosh ½x) / x.
  let s = x * x;
  let near = 0.5 + x * (0.125 - s * (0.0052083333 - s * (3.4722222e-4 - s * 2.6354786e-5)));
  let far = (softplus(x) - 0.69314718) / x;
  return select(far, near, abs(x) < 0.5) / (f(x) + f(0.0));
}
fn slope(x: f32) -> f32 {
  if (x < -17.0) { return 0.5 * f(x); }
  return 0.5 * sigmoid(x) / f(x);
}
fn lost(x: f32) -> f32 { return f(x) - x * slope(x); }
