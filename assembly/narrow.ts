// Numbers of a matrix that lies narrow, as src/graph/layout.ts says, decoded in blocks.

import { all } from "./math";
import { at, from, put } from "./memory";

const BF16: u32 = 1;
const INT8: u32 = 2;
const TABLE8: u32 = 4;

// The matrix that products read, from read_narrow() on.
let base: usize = 0, width: u32 = 0, kind: u32 = 0, group: u32 = 0, groups: u32 = 0;
let scales: usize = 0, offsets: usize = 0, table: usize = 0;
let keep: f32 = 1, more: f32 = 0, sign: f32 = 0;

/** Which matrix is read from now on, and what of it: see `Narrow` in src/graph/tensor.ts. */
export function read_narrow(
  w: usize, cols: u32, its_kind: u32, long: u32, in_row: u32, first_scale: u32, first_offset: u32, values: u32,
  kept: f32, added: f32, signed: f32,
): void {
  base = w, width = cols, kind = its_kind, group = long, groups = in_row;
  scales = from(w, first_scale), offsets = first_offset ? from(w, first_offset) : 0, table = values ? from(w, values) : 0;
  keep = kept, more = added, sign = signed;
}

/** A block of it, rows × cols from number `first` on, with its rows `stride` apart. */
export function decode_block(to: usize, stride: u32, first: u32, rows: u32, cols: u32): void {
  let row = first / width;
  const col = first % width;
  for (const end = row + rows; row < end; row++, to = from(to, stride)) decode_row(to, row, col, cols);
}

function decode_row(to: usize, row: u32, col: u32, n: u32): void {
  if (kind < INT8) halves(to, base + (<usize>(row * width + col) << 1), n);
  else {
    for (let i: u32 = 0; i < n; ) {
      const k = row * groups + (col + i) / group;
      const part = min<u32>(n - i, group - (col + i) % group);
      const first = row * width + col + i, s = at(scales, k), o = from(to, i);
      const wide = kind == INT8 || kind == TABLE8;
      if (table) by_table(o, first, part, wide, s);
      else if (wide) codes<u8>(o, base + first, part, s, k);
      else codes<u32>(o, base + (first >> 1), part, s, k);
      i += part;
    }
  }
  if (more != 0) clamp(to, n);
}

/** Codes of 8 bits, or of 4 if `T` is u32; n is a multiple of 4, or of 8. */
// @ts-expect-error: decorator
@inline
function codes<T>(to: usize, p: usize, n: u32, scale: f32, k: u32): void {
  const four = sizeof<T>() == 4;
  const middle = all(offsets ? 0 : four ? 8 : 128), s = all(scale), b = all(offsets ? at(offsets, k) : 0);
  for (const end = from(to, n & ~7); to < end; to += 32, p += four ? 4 : 8) {
    const c = four ? nibbles(p) : v128.load_ext<u8>(p);
    let low = f32x4.mul(f32x4.sub(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(c)), middle), s);
    let high = f32x4.mul(f32x4.sub(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(c)), middle), s);
    if (offsets) low = f32x4.add(low, b), high = f32x4.add(high, b);
    v128.store(to, low);
    v128.store(to, high, 16);
  }
  if (!(n & 4)) return;
  const c = i16x8.extend_low_i8x16_u(v128.load32_zero(p));
  const low = f32x4.mul(f32x4.sub(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(c)), middle), s);
  v128.store(to, offsets ? f32x4.add(low, b) : low);
}

/** Eight codes of 4 bits, the lower first. */
// @ts-expect-error: decorator
@inline
function nibbles(p: usize): v128 {
  const v = v128.load32_zero(p);
  const low = v128.and(v, i8x16.splat(15)), high = i8x16.shr_u(v, 4);
  return i16x8.extend_low_i8x16_u(v128.shuffle<u8>(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
}

function by_table(to: usize, first: u32, n: u32, wide: bool, scale: f32): void {
  for (let i: u32 = 0; i < n; i++) {
    const j = first + i;
    const code = wide ? <u32>load<u8>(base + j) : (<u32>load<u8>(base + (j >> 1)) >> ((j & 1) << 2)) & 15;
    put(to, i, at(table, code) * scale);
  }
}

/** The exponent's bias goes from 15 to 127; subnormal numbers are right too, for WASM knows them in f32. */
const BIAS: f32 = reinterpret<f32>(0x77800000); // 2 ** 112

function halves(to: usize, p: usize, n: u32): void {
  const b = kind == BF16;
  let i: u32 = 0;
  for (; i + 4 <= n; i += 4, p += 8) v128.store(from(to, i), widened(v128.load_ext<u16>(p), b));
  for (; i < n; i++, p += 2) put(to, i, f32x4.extract_lane(widened(i32x4.splat(load<u16>(p)), b), 0));
}

// @ts-expect-error: decorator
@inline
function widened(h: v128, b: bool): v128 {
  if (b) return i32x4.shl(h, 16);
  const rest = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  return v128.or(f32x4.mul(rest, all(BIAS)), i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16));
}

/** keep · v + more · v⁺, or v⁻ if `sign` is −1, in place. */
function clamp(x: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = at(x, i);
    put(x, i, keep * v + more * (sign > 0 ? max<f32>(v, 0) : min<f32>(v, 0)));
  }
}
