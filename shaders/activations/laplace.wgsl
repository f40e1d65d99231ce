// lib: activation

// Φ((x − µ)/σ), µ = 0.707107, σ = 0.282095

fn z(x: f32) -> f32 { return (x - 0.707107) / 0.282095; }

fn f(x: f32) -> f32 { return normal_cdf(z(x)); }
fn gate(x: f32) -> f32 {
  // Near 0 the difference would cancel: there it is Taylor's series in t = x/σ about −µ/σ.
  let t = x / 0.282095;
  if (abs(t) >= 0.1) { return (f(x) - f(0.0)) / x; }
  var p = -0.029081921;
  p = p * t + 0.039827253;
  p = p * t + 0.3429045;
  p = p * t + 0.88052999;
  p = p * t + 1.2533136;
  return slope(0.0) * (1.0 + t * p);
}
fn slope(x: f32) -> f32 { return normal_density(z(x)) / 0.282095; }
fn lost(x: f32) -> f32 { return f(x) - x * slope(x); }
