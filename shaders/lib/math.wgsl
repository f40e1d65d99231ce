// lib: exp

// Elementary functions, the same polynomials as in assembly/math.ts, so that the two backends agree to a few ULP.

// 1 / (1 + e⁻ˣ), with full relative accuracy on both sides.
fn sigmoid(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}

// ln(1 + eˣ), with full relative accuracy on both sides: ln(1 + e) is 2 artanh(e / (2 + e)).
fn softplus(x: f32) -> f32 {
  let e = exponential(-abs(x));
  let s = e / (2.0 + e);
  let z = s * s;
  var p = 0.13333333;
  p = p * z + 0.15384615;
  p = p * z + 0.18181818;
  p = p * z + 0.22222222;
  p = p * z + 0.28571429;
  p = p * z + 0.4;
  p = p * z + 0.66666667;
  p = p * z + 2.0;
  return max(x, 0.0) + p * s;
}

// Φ(x) = ½(1 + erf(x/√2)): e^(x²/2)·Φ(−x) is fitted in 1/(1 + 0.35x).
fn normal_cdf(x: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.35 * abs(x));
  var p = -0.029145965;
  p = p * t + 0.14397186;
  p = p * t - 0.2557146;
  p = p * t + 0.1591746;
  p = p * t - 0.023110094;
  p = p * t + 0.10550811;
  p = p * t + 0.11983284;
  p = p * t + 0.13986187;
  p = p * t + 0.13962141;
  let tail = p * t * exponential(-0.5 * x * x);
  return select(1.0 - tail, tail, x < 0.0);
}

// The density of the standard normal distribution.
fn normal_density(x: f32) -> f32 { return 0.39894228 * exponential(-0.5 * x * x); }

// tanh(x)/x after Cephes' tanhf, good to 2 ULP; 1 at 0.
fn tanh_ratio(x: f32) -> f32 {
  let a = abs(x);
  let z = x * x;
  var p = -5.70498872745e-3;
  p = p * z + 2.06390887954e-2;
  p = p * z - 5.37397155531e-2;
  p = p * z + 1.33314422036e-1;
  p = p * z - 3.33332819422e-1;
  if (a < 0.625) { return 1.0 + p * z; }
  return (1.0 - 2.0 / (exponential(2.0 * a) + 1.0)) / a;
}
