// Elementary functions of four f32 at once, the same polynomials as in shaders/, so that the two backends agree to a
// few ULP.

// @ts-expect-error: decorator
@inline
export function all(x: f32): v128 {
  return f32x4.splat(x);
}

/** a · b + c, rounded once where the build has relaxed SIMD and the processor a fused multiply-add. */
// @ts-expect-error: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** The sum of the lanes. */
// @ts-expect-error: decorator
@inline
export function sum(v: v128): f32 {
  return (
    (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** `yes` where x < 0, else `no`. */
// @ts-expect-error: decorator
@inline
function if_negative(x: v128, yes: v128, no: v128): v128 {
  return v128.bitselect(yes, no, f32x4.lt(x, all(0)));
}

/** eˣ after Cephes' expf, good to 2 ULP; 0 below −87.3, where the result would be subnormal. */
// @ts-expect-error: decorator
@inline
export function exp(x: v128): v128 {
  const v = f32x4.max(f32x4.min(x, all(88.0)), all(-87.3));
  const n = f32x4.nearest(f32x4.mul(v, all(1.44269504)));
  const r = madd(n, all(2.12194440e-4), madd(n, all(-0.693359375), v));
  let p = madd(all(1.9875691500e-4), r, all(1.3981999507e-3));
  p = madd(p, r, all(8.3334519073e-3));
  p = madd(p, r, all(4.1665795894e-2));
  p = madd(p, r, all(1.6666665459e-1));
  p = madd(p, r, all(5.0000001201e-1));
  p = f32x4.add(madd(f32x4.mul(p, r), r, r), all(1));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, scale), f32x4.lt(x, all(-87.3)));
}

/** 1 / (1 + e⁻ˣ), with full relative accuracy on both sides. */
// @ts-expect-error: decorator
@inline
export function sigmoid(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(if_negative(x, e, all(1)), f32x4.add(all(1), e));
}

// @ts-expect-error: decorator
@inline
function gauss(x: v128): v128 {
  return exp(f32x4.mul(f32x4.mul(all(-0.5), x), x));
}

/** The density of the standard normal distribution. */
// @ts-expect-error: decorator
@inline
export function normal_density(x: v128): v128 {
  return f32x4.mul(all(0.39894228), gauss(x));
}

/** Φ(x) = ½(1 + erf(x/√2)), good to 4e-7 relative down to x = −3 and 1e-7 absolute: e^(x²/2)·Φ(−x) is fitted in 1/(1 + 0.35x). */
// @ts-expect-error: decorator
@inline
export function normal_cdf(x: v128): v128 {
  const t = f32x4.div(all(1), f32x4.add(all(1), f32x4.mul(all(0.35), f32x4.abs(x))));
  let p = madd(all(-0.029145965), t, all(0.14397186));
  p = madd(p, t, all(-0.2557146));
  p = madd(p, t, all(0.1591746));
  p = madd(p, t, all(-0.023110094));
  p = madd(p, t, all(0.10550811));
  p = madd(p, t, all(0.11983284));
  p = madd(p, t, all(0.13986187));
  p = madd(p, t, all(0.13962141));
  const tail = f32x4.mul(f32x4.mul(p, t), gauss(x));
  return if_negative(x, tail, f32x4.sub(all(1), tail));
}

/** tanh(x)/x after Cephes' tanhf, good to 2 ULP; 1 at 0. */
// @ts-expect-error: decorator
@inline
export function tanh_ratio(x: v128): v128 {
  const a = f32x4.abs(x), z = f32x4.mul(x, x);
  let p = madd(all(-5.70498872745e-3), z, all(2.06390887954e-2));
  p = madd(p, z, all(-5.37397155531e-2));
  p = madd(p, z, all(1.33314422036e-1));
  p = madd(p, z, all(-3.33332819422e-1));
  const small = madd(p, z, all(1));
  const e = exp(f32x4.add(a, a));
  const large = f32x4.div(f32x4.sub(all(1), f32x4.div(all(2), f32x4.add(e, all(1)))), a);
  return v128.bitselect(small, large, f32x4.lt(a, all(0.625)));
}

/** ln x for normal x > 0 after Cephes' logf, good to 2 ULP. */
// @ts-expect-error: decorator
@inline
export function ln(x: v128): v128 {
  const mantissa = v128.or(v128.and(x, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000)); // [½, 1)
  const low = f32x4.lt(mantissa, all(0.707106781));
  // The comparison is −1 where true.
  const n = f32x4.convert_i32x4_s(i32x4.add(i32x4.sub(i32x4.shr_s(x, 23), i32x4.splat(126)), low));
  const r = f32x4.sub(f32x4.add(mantissa, v128.and(mantissa, low)), all(1)), z = f32x4.mul(r, r);
  let p = madd(all(7.0376836292e-2), r, all(-1.1514610310e-1));
  p = madd(p, r, all(1.1676998740e-1));
  p = madd(p, r, all(-1.2420140846e-1));
  p = madd(p, r, all(1.4249322787e-1));
  p = madd(p, r, all(-1.6668057665e-1));
  p = madd(p, r, all(2.0000714765e-1));
  p = madd(p, r, all(-2.4999993993e-1));
  p = madd(p, r, all(3.3333331174e-1));
  const rest = f32x4.sub(f32x4.sub(f32x4.mul(f32x4.mul(p, r), z), f32x4.mul(n, all(2.12194440e-4))), f32x4.mul(all(0.5), z));
  return f32x4.add(f32x4.mul(n, all(0.693359375)), f32x4.add(r, rest));
}
