// Dense layers, with weights as checkpoints store them: w is [out, in]. A shader's w4(at, n) reads four of them from `at` on, of
// which the first n count.
//
// A workgroup computes a square tile of the output, its threads blocks of 4 × 4 in registers: four each where the tile
// is 64 wide, one where it is 32. They stage both operands in workgroup memory. A processor, which has no such memory,
// reads them where they are, for two blocks side by side (STAGED false). An output adds its products in order of k, a
// long shared dimension in four parts which are then added in order; in a small tile the parts run side by side, each on
// a layer of threads. So neither a tile nor what lies beside a row changes a bit of it.

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> sum: array<f32>;
@group(0) @binding(5) var<storage, read> r: array<f32>;

const LONG = 513u; // a shared dimension from here on has parts
const STEP = 4u; // blocks along k that are staged at once

override TILE: u32 = 32; // 32 or 64
override ALIGNED: bool = true; // rows of x and w begin at multiples of four elements
override STAGED: bool = true;

override WIDE: u32 = 1 + u32(TILE == 64 || !STAGED); // blocks of a thread side by side, and one below the other if STAGED
override SIDE: u32 = TILE / (4 * WIDE); // threads side by side
override DOWN: u32 = TILE / 4 - u32(STAGED) * (TILE / 4 - SIDE);
override LAYERS: u32 = 1 + 3 * u32(WIDE == 1);
override BLOCKS: u32 = SIDE * WIDE; // blocks of the tile in each direction
override ROOM: u32 = 1 + u32(STAGED) * (8 * BLOCKS * STEP * LAYERS - 1);

var<workgroup> staged: array<vec4f, ROOM>;

// Four elements from `at` on, of which the first `n` count.
fn x4(at: u32, n: u32) -> vec4f {
  if (ALIGNED) { return x[at / 4u]; }
  var v = vec4f();
  for (var i = 0u; i < min(n, 4u); i++) { v[i] = x[(at + i) / 4u][(at + i) % 4u]; }
  return v;
}
// Blocks, a row a vector: (r, k) of x, and (k, c) of the other operand, which is w or its transpose. Along k there are
// zeros in x beyond the edge; what lies beyond other edges only reaches outputs that are not stored.
fn left(r: u32, k: u32) -> mat4x4f {
  let d = args.depth;
  let at = 4u * (r * d + k);
  let n = d - 4u * k;
  return mat4x4f(x4(at, n), x4(at + d, n), x4(at + 2u * d, n), x4(at + 3u * d, n));
}
fn right(k: u32, c: u32, plain: bool) -> mat4x4f {
  if (plain) {
    let at = min(4u * k + vec4u(0, 1, 2, 3), vec4u(args.depth - 1u)) * args.cols + 4u * c;
    return mat4x4f(w4(at.x, 4u), w4(at.y, 4u), w4(at.z, 4u), w4(at.w, 4u));
  }
  let d = args.depth;
  let at = 4u * (c * d + k);
  let n = d - 4u * k;
  return transpose(mat4x4f(w4(at, n), w4(at + d, n), w4(at + 2u * d, n), w4(at + 3u * d, n)));
}

fn row(y: vec4f, u: vec4f, v: mat4x4f) -> vec4f {
  var s = y + u.x * v[0];
  s += u.y * v[1];
  s += u.z * v[2];
  return s + u.w * v[3];
}
fn add_product(y: mat4x4f, u: mat4x4f, v: mat4x4f) -> mat4x4f {
  return mat4x4f(row(y[0], u[0], v), row(y[1], u[1], v), row(y[2], u[2], v), row(y[3], u[3], v));
}

// Block e of those that are staged from k on, x's before the other operand's.
fn fetch(group: vec3u, e: u32, k: u32, end: u32, plain: bool) -> mat4x4f {
  let block = e % BLOCKS;
  let at = k + e / BLOCKS % STEP;
  if (e >= BLOCKS * STEP) { return right(min(at, end - 1u), BLOCKS * group.x + block, plain); }
  if (at >= end) { return mat4x4f(); }
  return left(BLOCKS * group.y + block, at);
}
fn slot(layer: u32, e: u32) -> u32 { return 4u * BLOCKS * (2u * STEP * layer + e / BLOCKS) + e % BLOCKS; }
fn stage(i: u32, v: mat4x4f) { for (var j = 0u; j < 4u; j++) { staged[i + j * BLOCKS] = v[j]; } }
fn take(i: u32) -> mat4x4f {
  return mat4x4f(staged[i], staged[i + BLOCKS], staged[i + 2u * BLOCKS], staged[i + 3u * BLOCKS]);
}

// A thread's results: two block rows from `at.y` on by two block columns from `at.x` on, `near` apart, a row a vector; in
// a layered tile only row `at.z` of the first.
var<private> results: array<mat4x4f, 4>;
var<private> at: vec3u;
var<private> near: u32;

fn product(group: vec3u, id: vec3u, plain: bool) {
  near = select(1u, SIDE, STAGED);
  let first = vec2u(id.x * select(WIDE, 1u, STAGED), id.y);
  at = vec3u(BLOCKS * group.xy + first, id.z);
  let r = at.y;
  let c = at.x;
  let lane = id.y * SIDE + id.x;
  let blocks = (args.depth + 3u) / 4u;
  let parts = select(1u, 4u, args.depth >= LONG);
  let part = (blocks + parts - 1u) / parts;

  for (var round = 0u; round < parts; round += LAYERS) {
    let start = (round + id.z) * part;
    let end = min(start + part, blocks);
    var y00 = mat4x4f();
    var y01 = mat4x4f();
    var y10 = mat4x4f();
    var y11 = mat4x4f();
    if (STAGED) {
      // What a turn fetches is staged at its end and used in the next, so that no thread waits for it.
      for (var k = 0u; k < part + STEP; k += STEP) {
        let u = fetch(group, lane, start + k, end, plain);
        var v = mat4x4f();
        if (WIDE == 2) { v = fetch(group, lane + SIDE * SIDE, start + k, end, plain); }
        for (var j = select(0u, STEP, k == 0u); j < STEP; j++) {
          let us = slot(id.z, j * BLOCKS) + first.y;
          let vs = slot(id.z, (STEP + j) * BLOCKS) + first.x;
          let u0 = take(us);
          let v0 = take(vs);
          y00 = add_product(y00, u0, v0);
          if (WIDE == 2) {
            let u1 = take(us + near);
            let v1 = take(vs + near);
            y01 = add_product(y01, u0, v1);
            y10 = add_product(y10, u1, v0);
            y11 = add_product(y11, u1, v1);
          }
        }
        workgroupBarrier();
        stage(slot(id.z, lane), u);
        if (WIDE == 2) { stage(slot(id.z, lane + SIDE * SIDE), v); }
        workgroupBarrier();
      }
    } else if (4u * r < args.rows && 4u * c < args.cols) {
      for (var k = start; k < end; k++) {
        let u = left(r, k);
        y00 = add_product(y00, u, right(k, c, plain));
        y01 = add_product(y01, u, right(k, c + 1u, plain));
      }
    }
    results[0] += y00;
    results[1] += y01;
    results[2] += y10;
    results[3] += y11;
  }
  if (LAYERS > 1) {
    for (var i = 0u; i < 4u; i++) { staged[256u * id.z + 4u * lane + i] = results[0][i]; }
    workgroupBarrier();
    var total = vec4f();
    for (var p = 0u; p < parts; p++) { total += staged[256u * p + 4u * lane + id.z]; }
    results[0][0] = total;
  }
}

const NOWHERE = 0xffffffffu;
override COUNT: u32 = 4 + 28 * u32(LAYERS == 1) + 32 * u32(TILE == 64) * u32(STAGED);

// Element e of a thread's results, of COUNT, and where it belongs: its index and its column.
fn value(e: u32) -> f32 { return results[e / 16u][e / 4u % 4u][e % 4u]; }
fn spot(e: u32) -> vec2u {
  let r = 4u * (at.y + e / 32u * near) + select(e / 4u % 4u, at.z, LAYERS > 1);
  let c = 4u * (at.x + e / 16u % 2u * near) + e % 4u;
  return vec2u(select(NOWHERE, r * args.cols + c, r < args.rows && c < args.cols), c);
}

// x · wᵀ + bias
@compute @workgroup_size(SIDE, DOWN, LAYERS)
fn _bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  product(group, id, false);
  for (var e = 0u; e < COUNT; e++) {
    let i = spot(e);
    if (i.x < NOWHERE) { out[i.x] = value(e) + bias[i.y]; }
  }
}

// x · wᵀ + bias + r, where r is as large as the output
@compute @workgroup_size(SIDE, DOWN, LAYERS)
fn _bias_add(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  product(group, id, false);
  for (var e = 0u; e < COUNT; e++) {
    let i = spot(e);
    if (i.x < NOWHERE) { out[i.x] = value(e) + bias[i.y] + r[i.x]; }
  }
}

// x · w, where x is the gradient of a dense layer's output
@compute @workgroup_size(SIDE, DOWN, LAYERS)
fn _grad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  product(group, id, true);
  for (var e = 0u; e < COUNT; e++) {
    let i = spot(e);
    if (i.x < NOWHERE) { out[i.x] = value(e); }
  }
}

// x · w + sum, where sum is as large as the output
@compute @workgroup_size(SIDE, DOWN, LAYERS)
fn _grad_add(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  product(group, id, true);
  for (var e = 0u; e < COUNT; e++) {
    let i = spot(e);
    if (i.x < NOWHERE) { out[i.x] = value(e) + sum[i.x]; }
  }
}
