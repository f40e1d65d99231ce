// Numbers of a matrix w that lies narrow, as src/graph/layout.ts says; `args` has where its parts begin.

const BF16 = 1u;
const INT8 = 2u;
const TABLE8 = 4u;

fn f32_at(i: u32) -> f32 { return bitcast<f32>(w[i]); }

// By integers, for a GPU may take a subnormal for zero.
fn f16(h: u32) -> f32 {
  let rest = h & 0x7fffu;
  let sign = (h & 0x8000u) << 16u;
  if (rest < 0x400u) { return select(1.0, -1.0, sign != 0u) * f32(rest) * 0x1p-24f; }
  return bitcast<f32>(sign | ((rest << 13u) + 0x38000000u));
}

fn clamped(v: f32) -> f32 {
  return select(args.keep * v + args.more * select(min(v, 0.0), max(v, 0.0), args.sign > 0.0), v, args.more == 0.0);
}

// The value of a code of group k.
fn of_code(code: u32, k: u32, middle: f32) -> f32 {
  var v = f32(code) - middle;
  if (args.table > 0u) { v = f32_at(args.table + code); }
  v *= f32_at(args.scales + k);
  if (args.offsets > 0u) { v += f32_at(args.offsets + k); }
  return clamped(v);
}

fn number(i: u32) -> f32 {
  if (args.kind < INT8) {
    let h = (w[i / 2u] >> (i % 2u * 16u)) & 0xffffu;
    return clamped(select(f16(h), bitcast<f32>(h << 16u), args.kind == BF16));
  }
  let k = i / args.width * args.groups + i % args.width / args.group;
  let wide = args.kind == INT8 || args.kind == TABLE8;
  let code = select((w[i / 8u] >> (i % 8u * 4u)) & 15u, (w[i / 4u] >> (i % 4u * 8u)) & 255u, wide);
  return of_code(code, k, select(select(8.0, 128.0, wide), 0.0, args.offsets > 0u));
}

// Four numbers from i on, of which the first n count.
fn four(i: u32, n: u32) -> vec4f {
  if (args.kind < INT8 || i % 4u != 0u || args.width % 4u != 0u) {
    var v = vec4f();
    for (var j = 0u; j < min(n, 4u); j++) { v[j] = number(i + j); }
    return v;
  }
  // Of one row and one group.
  let k = i / args.width * args.groups + i % args.width / args.group;
  let wide = args.kind == INT8 || args.kind == TABLE8;
  let middle = select(select(8.0, 128.0, wide), 0.0, args.offsets > 0u);
  let word = select(w[i / 8u] >> (i % 8u * 4u), w[i / 4u], wide);
  let codes = select((vec4u(word) >> vec4u(0, 4, 8, 12)) & vec4u(15), (vec4u(word) >> vec4u(0, 8, 16, 24)) & vec4u(255), wide);
  return vec4f(of_code(codes.x, k, middle), of_code(codes.y, k, middle), of_code(codes.z, k, middle), of_code(codes.w, k, middle));
}
