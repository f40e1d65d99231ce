// Elementary functions in f32, the same polynomials as in shaders/, so that the two backends agree to a few ULP.

/** eˣ after Cephes' expf, good to 2 ULP; 0 below −87.3, where the result would be subnormal. */
// @ts-expect-error: decorator
@inline
export function exp(x: f32): f32 {
  const v = max<f32>(min<f32>(x, 88.0), -87.3);
  const n = nearest<f32>(v * 1.44269504);
  const r: f32 = v - n * 0.693359375 + n * 2.12194440e-4;
  let p: f32 = 1.9875691500e-4;
  p = p * r + 1.3981999507e-3;
  p = p * r + 8.3334519073e-3;
  p = p * r + 4.1665795894e-2;
  p = p * r + 1.6666665459e-1;
  p = p * r + 5.0000001201e-1;
  const scale = reinterpret<f32>((<i32>n + 127) << 23);
  return x < -87.3 ? 0 : (p * r * r + r + 1) * scale;
}

/** 1 / (1 + e⁻ˣ), with full relative accuracy on both sides. */
// @ts-expect-error: decorator
@inline
export function sigmoid(x: f32): f32 {
  const e = exp(-abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** The density of the standard normal distribution. */
// @ts-expect-error: decorator
@inline
export function normal_density(x: f32): f32 {
  return 0.39894228 * exp(-0.5 * x * x);
}

/** Φ(x) = ½(1 + erf(x/√2)), good to 4e-7 relative down to x = −3 and 1e-7 absolute: e^(x²/2)·Φ(−x) is fitted in 1/(1 + 0.35x). */
// @ts-expect-error: decorator
@inline
export function normal_cdf(x: f32): f32 {
  const t: f32 = 1 / (1 + 0.35 * abs(x));
  let p: f32 = -0.029145965;
  p = p * t + 0.14397186;
  p = p * t - 0.2557146;
  p = p * t + 0.1591746;
  p = p * t - 0.023110094;
  p = p * t + 0.10550811;
  p = p * t + 0.11983284;
  p = p * t + 0.13986187;
  p = p * t + 0.13962141;
  const tail = p * t * exp(-0.5 * x * x);
  return x < 0 ? tail : 1 - tail;
}

/** tanh(x)/x after Cephes' tanhf, good to 2 ULP; 1 at 0. */
// @ts-expect-error: decorator
@inline
export function tanh_ratio(x: f32): f32 {
  const a = abs(x), z = x * x;
  let p: f32 = -5.70498872745e-3;
  p = p * z + 2.06390887954e-2;
  p = p * z - 5.37397155531e-2;
  p = p * z + 1.33314422036e-1;
  p = p * z - 3.33332819422e-1;
  return a < 0.625 ? 1 + p * z : (1 - 2 / (exp(2 * a) + 1)) / a;
}

/** ln x for normal x > 0 after Cephes' logf, good to 2 ULP. */
export function ln(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  let e = (bits >> 23) - 126;
  let m = reinterpret<f32>((bits & 0x007fffff) | 0x3f000000); // [½, 1)
  if (m < 0.707106781) {
    e -= 1;
    m += m;
  }
  const r = m - 1, z = r * r;
  let p: f32 = 7.0376836292e-2;
  p = p * r - 1.1514610310e-1;
  p = p * r + 1.1676998740e-1;
  p = p * r - 1.2420140846e-1;
  p = p * r + 1.4249322787e-1;
  p = p * r - 1.6668057665e-1;
  p = p * r + 2.0000714765e-1;
  p = p * r - 2.4999993993e-1;
  p = p * r + 3.3333331174e-1;
  const n = <f32>e;
  return n * 0.693359375 + (r + (p * r * z - n * 2.12194440e-4 - 0.5 * z));
}
