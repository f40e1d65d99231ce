// The loop that speed.md's figures come from, in AssemblyScript: what a matmul reaches here when nothing else is to be
// done. c[m, n] = a[m, k] · b, with b packed beforehand in panels [n / 8][k][8]; m must be a multiple of 6.

// @ts-expect-error: decorator
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

export function trial(m: i32, n: i32, k: i32, a: usize, b: usize, c: usize): void {
  const zero = f32x4.splat(0), along = <usize>k << 2, down = <usize>n << 2;
  for (let j = 0; j < n; j += 8) {
    const panel = b + ((<usize>(j * k)) << 2), end = panel + (<usize>k << 5);
    for (let i = 0; i + 6 <= m; i += 6) {
      let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero;
      let s30 = zero, s31 = zero, s40 = zero, s41 = zero, s50 = zero, s51 = zero;
      let a0 = a + ((<usize>(i * k)) << 2), a1 = a0 + along, a2 = a1 + along;
      let a3 = a2 + along, a4 = a3 + along, a5 = a4 + along;
      for (let p = panel; p < end; p += 32) {
        const b0 = v128.load(p), b1 = v128.load(p, 16);
        let x = v128.load_splat<f32>(a0);
        s00 = madd(x, b0, s00);
        s01 = madd(x, b1, s01);
        x = v128.load_splat<f32>(a1);
        s10 = madd(x, b0, s10);
        s11 = madd(x, b1, s11);
        x = v128.load_splat<f32>(a2);
        s20 = madd(x, b0, s20);
        s21 = madd(x, b1, s21);
        x = v128.load_splat<f32>(a3);
        s30 = madd(x, b0, s30);
        s31 = madd(x, b1, s31);
        x = v128.load_splat<f32>(a4);
        s40 = madd(x, b0, s40);
        s41 = madd(x, b1, s41);
        x = v128.load_splat<f32>(a5);
        s50 = madd(x, b0, s50);
        s51 = madd(x, b1, s51);
        a0 += 4;
        a1 += 4;
        a2 += 4;
        a3 += 4;
        a4 += 4;
        a5 += 4;
      }
      let o = c + ((<usize>(i * n + j)) << 2);
      v128.store(o, s00);
      v128.store(o, s01, 16);
      o += down;
      v128.store(o, s10);
      v128.store(o, s11, 16);
      o += down;
      v128.store(o, s20);
      v128.store(o, s21, 16);
      o += down;
      v128.store(o, s30);
      v128.store(o, s31, 16);
      o += down;
      v128.store(o, s40);
      v128.store(o, s41, 16);
      o += down;
      v128.store(o, s50);
      v128.store(o, s51, 16);
    }
  }
}
