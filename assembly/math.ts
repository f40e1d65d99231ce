// Elementary functions of four f32 at once, the same polynomials as in shaders/lib/math.wgsl, so that the two backends agree to a
// few ULP.

// @ts-expect-error: decorator
@inline
export function all(x: f32): v128 {
  return f32x4.splat(x);
}

// @ts-expect-error: decorator
@inline
export function add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
// @ts-expect-error: decorator
@inline
export function sub(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
// @ts-expect-error: decorator
@inline
export function mul(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
// @ts-expect-error: decorator
@inline
export function div(a: v128, b: v128): v128 { return f32x4.div(a, b); }
// @ts-expect-error: decorator
@inline
export function neg(x: v128): v128 { return f32x4.neg(x); }

/** x, but at least and at most these. */
// @ts-expect-error: decorator
@inline
export function clamp(x: v128, least: f32, most: f32): v128 {
  return f32x4.min(f32x4.max(x, all(least)), all(most));
}

/** Where x > y. */
// @ts-expect-error: decorator
@inline
export function above(x: v128, y: f32): v128 { return f32x4.gt(x, all(y)); }

/** `yes` where all bits of `which` are set, `no` where none is. */
// @ts-expect-error: decorator
@inline
export function where(which: v128, yes: v128, no: v128): v128 { return v128.bitselect(yes, no, which); }

/** a · b + c */
// @ts-expect-error: decorator
@inline
export function mul_add(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
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
export function if_negative(x: v128, yes: v128, no: v128): v128 {
  return where(f32x4.lt(x, f32x4.splat(0)), yes, no);
}

// Constants lie in memory: V8 makes a vector constant anew wherever it stands, from an integer in three instructions.

// @ts-expect-error: decorator
@inline
function c(table: usize, i: usize): v128 {
  return v128.load_splat<f32>(table + (i << 2));
}

/** Two terms of a polynomial; pairs are independent, which makes for short chains. */
// @ts-expect-error: decorator
@inline
function pair(table: usize, i: usize, x: v128): v128 {
  return mul_add(c(table, i), x, c(table, i + 1));
}

const ONE = memory.data<f32>([1, 2, 0.5, 0.39894228, 0.35]);

// @ts-expect-error: decorator
@inline
export function one(): v128 {
  return c(ONE, 0);
}

const EXP = memory.data<f32>([
  88.0, -87.3, 1.44269504, 2.12194440e-4, 0.693359375,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
]);

/** eˣ after Cephes' expf, good to 2 ULP; 0 below −87.3, where the result would be subnormal. */
// @ts-expect-error: decorator
@inline
export function exp(x: v128): v128 {
  const least = c(EXP, 1);
  const v = f32x4.max(f32x4.min(x, c(EXP, 0)), least);
  const n = f32x4.nearest(f32x4.mul(v, c(EXP, 2)));
  const r = mul_add(n, c(EXP, 3), f32x4.sub(v, f32x4.mul(n, c(EXP, 4))));
  const z = f32x4.mul(r, r);
  let p = mul_add(pair(EXP, 5, r), z, pair(EXP, 7, r));
  p = f32x4.add(mul_add(mul_add(p, z, pair(EXP, 9, r)), z, r), one());
  // n is added to the exponent of p, which is near 1.
  return v128.andnot(i32x4.add(p, i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23)), f32x4.lt(x, least));
}

/** 1 / (1 + e⁻ˣ), with full relative accuracy on both sides. */
export function sigmoid(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(if_negative(x, e, one()), f32x4.add(one(), e));
}

const SOFTPLUS = memory.data<f32>([
  0.13333333, 0.15384615, 0.18181818, 0.22222222, 0.28571429, 0.4, 0.66666667, 2,
]);

/** ln(1 + eˣ), with full relative accuracy on both sides: ln(1 + e) is 2 artanh(e / (2 + e)). */
export function softplus(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  const s = f32x4.div(e, f32x4.add(c(ONE, 1), e)), z = f32x4.mul(s, s), y = f32x4.mul(z, z);
  let p = mul_add(pair(SOFTPLUS, 0, z), y, pair(SOFTPLUS, 2, z));
  p = mul_add(p, y, pair(SOFTPLUS, 4, z));
  p = mul_add(p, y, pair(SOFTPLUS, 6, z));
  return mul_add(p, s, f32x4.max(x, all(0)));
}

// @ts-expect-error: decorator
@inline
function gauss(x: v128): v128 {
  return exp(f32x4.neg(f32x4.mul(f32x4.mul(c(ONE, 2), x), x)));
}

/** The density of the standard normal distribution. */
export function normal_density(x: v128): v128 {
  return f32x4.mul(c(ONE, 3), gauss(x));
}

const CDF = memory.data<f32>([
  -0.029145965, 0.14397186, -0.2557146, 0.1591746, -0.023110094, 0.10550811, 0.11983284, 0.13986187, 0.13962141,
]);

/** Φ(x) = ½(1 + erf(x/√2)), good to 4e-7 relative down to x = −3 and 1e-7 absolute: e^(x²/2)·Φ(−x) is fitted in 1/(1 + 0.35x). */
export function normal_cdf(x: v128): v128 {
  const t = f32x4.div(one(), mul_add(c(ONE, 4), f32x4.abs(x), one()));
  const z = f32x4.mul(t, t);
  let p = mul_add(c(CDF, 0), z, pair(CDF, 1, t));
  p = mul_add(p, z, pair(CDF, 3, t));
  p = mul_add(p, z, pair(CDF, 5, t));
  p = mul_add(p, z, pair(CDF, 7, t));
  const tail = f32x4.mul(f32x4.mul(p, t), gauss(x));
  return if_negative(x, tail, f32x4.sub(one(), tail));
}

const TANH = memory.data<f32>([
  0.625, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
]);

/** tanh(x)/x after Cephes' tanhf, good to 2 ULP; 1 at 0. */
export function tanh_ratio(x: v128): v128 {
  const a = f32x4.abs(x), z = f32x4.mul(x, x);
  let p = mul_add(c(TANH, 1), z, c(TANH, 2));
  p = mul_add(p, z, c(TANH, 3));
  p = mul_add(p, z, c(TANH, 4));
  p = mul_add(p, z, c(TANH, 5));
  const small = mul_add(p, z, one());
  const e = exp(f32x4.add(a, a));
  const large = f32x4.div(f32x4.sub(one(), f32x4.div(c(ONE, 1), f32x4.add(e, one()))), a);
  return v128.bitselect(small, large, f32x4.lt(a, c(TANH, 0)));
}

/** tanh′, 1 − tanh² without its cancellation. */
export function tanh_slope(x: v128): v128 {
  const e = exp(mul(all(-2), f32x4.abs(x))), d = add(one(), e);
  return div(mul(all(4), e), mul(d, d));
}

/** tanh x − x tanh′. */
export function tanh_lost(x: v128): v128 {
  const z = mul(x, x);
  const series = mul_add(mul_add(all(0.32380952), z, all(-0.53333333)), z, all(0.66666667));
  return mul(x, where(f32x4.lt(z, all(0.01)), mul(z, series), sub(tanh_ratio(x), tanh_slope(x))));
}

const LN = memory.data<f32>([
  0.707106781, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
]);

/** ln x for normal x > 0 after Cephes' logf, good to 2 ULP. */
export function ln(x: v128): v128 {
  const mantissa = v128.or(v128.and(x, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000)); // [½, 1)
  const low = f32x4.lt(mantissa, c(LN, 0));
  // The comparison is −1 where true.
  const n = f32x4.convert_i32x4_s(i32x4.add(i32x4.sub(i32x4.shr_s(x, 23), i32x4.splat(126)), low));
  const r = f32x4.sub(f32x4.add(mantissa, v128.and(mantissa, low)), one()), z = f32x4.mul(r, r);
  let p = mul_add(c(LN, 1), r, c(LN, 2));
  p = mul_add(p, r, c(LN, 3));
  p = mul_add(p, r, c(LN, 4));
  p = mul_add(p, r, c(LN, 5));
  p = mul_add(p, r, c(LN, 6));
  p = mul_add(p, r, c(LN, 7));
  p = mul_add(p, r, c(LN, 8));
  p = mul_add(p, r, c(LN, 9));
  const correction = mul_add(n, c(EXP, 3), f32x4.mul(c(ONE, 2), z));
  return mul_add(n, c(EXP, 4), f32x4.add(r, f32x4.sub(f32x4.mul(f32x4.mul(p, r), z), correction)));
}
