// lib: nan

// eˣ after Cephes' expf, good to 2 ULP; 0 below −87.3, where the result would be subnormal; NaN, which clamp() may lose, as it is.
fn exponential(x: f32) -> f32 {
  let v = clamp(x, -87.3, 88.0);
  let n = round(v * 1.44269504);
  let r = v - n * 0.693359375 + n * 2.12194440e-4;
  var p = 1.9875691500e-4;
  p = p * r + 1.3981999507e-3;
  p = p * r + 8.3334519073e-3;
  p = p * r + 4.1665795894e-2;
  p = p * r + 1.6666665459e-1;
  p = p * r + 5.0000001201e-1;
  let scale = bitcast<f32>((i32(n) + 127) << 23u);
  let y = select((p * r * r + r + 1.0) * scale, 0.0, x < -87.3);
  return select(y, x, is_nan(x));
}
