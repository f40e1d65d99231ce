// The gradients of attention whose weights are not in memory, tile by tile as in attend.wgsl; under a share of the
// gradient for each factor of its products, `context` and `scores`.

struct Args { batch: u32, heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32, context: f32, scores: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> second: array<f32>; // sums, or the values' gradient
@group(0) @binding(3) var<storage, read_write> third: array<f32>; // what softmax keeps, or sums
@group(0) @binding(4) var<storage, read> rows: array<f32>;
@group(0) @binding(5) var<storage, read> q: array<f32>;
@group(0) @binding(6) var<storage, read> k: array<f32>;
@group(0) @binding(7) var<storage, read> v: array<f32>;
@group(0) @binding(8) var<storage, read> g: array<f32>;

var<workgroup> tiles: array<vec4f, 512>; // two of 32 × 32, or one of 32 × 64
var<workgroup> weights: array<vec4f, 256>; // 32 × 32, by columns
var<workgroup> lanes: array<vec4f, 64>;

// Rows of one head: of which tensor, where its text's first begins, from which one on, and how many the text has.
struct Rows { tensor: u32, start: u32, first: u32, count: u32 }

const Q = 0u;
const K = 1u;
const V = 2u;
const G = 3u;

fn head(tensor: u32, text: u32, h: u32, first: u32, count: u32) -> Rows {
  return Rows(tensor, (text * count * args.heads + h) * args.d, first, count);
}

fn element(m: Rows, row: u32, col: u32) -> f32 {
  let i = m.start + min(m.first + row, m.count - 1u) * args.heads * args.d + min(col, args.d - 1u);
  switch m.tensor {
    case Q: { return q[i]; }
    case K: { return k[i]; }
    case V: { return v[i]; }
    default: { return g[i]; }
  }
}

fn column(m: Rows, row: u32, col: u32) -> vec4f {
  var v: vec4f;
  for (var r = 0u; r < 4u; r++) { v[r] = element(m, row + r, col); }
  return v;
}

// a · bᵀ, 32 × 32: a vector for each of the thread's four rows, its four columns.
fn product(lane: u32, a: Rows, b: Rows) -> mat4x4f {
  var y = mat4x4f();
  for (var j = 0u; j < args.d; j += 32u) {
    workgroupBarrier();
    for (var i = lane; i < 512u; i += 64u) {
      var m = a;
      if (i >= 256u) { m = b; }
      tiles[i % 32u * 8u + i % 256u / 32u + i / 256u * 256u] = column(m, i % 256u / 32u * 4u, j + i % 32u);
    }
    workgroupBarrier();
    for (var i = 0u; i < min(args.d - j, 32u) * 8u; i += 8u) {
      let u = tiles[i + lane / 8u];
      let v = tiles[i + lane % 8u + 256u];
      y[0] += u.x * v;
      y[1] += u.y * v;
      y[2] += u.z * v;
      y[3] += u.w * v;
    }
  }
  return y;
}

// A thread's outputs: four rows of four columns, and of the four that are 32 further.
struct Block { near: mat4x4f, far: mat4x4f }

// Adds p · m, p 32 × 32 and m's columns from `col` on.
fn accumulate(lane: u32, sum: ptr<function, Block>, p: mat4x4f, m: Rows, col: u32) {
  let columns = transpose(p);
  for (var i = 0u; i < 4u; i++) { weights[(lane % 8u * 4u + i) * 8u + lane / 8u] = columns[i]; }
  workgroupBarrier();
  for (var i = lane; i < 512u; i += 64u) {
    var v: vec4f;
    for (var j = 0u; j < 4u; j++) { v[j] = element(m, i / 16u, col + i % 16u * 4u + j); }
    tiles[i] = v;
  }
  workgroupBarrier();
  for (var i = 0u; i < 32u; i++) {
    let u = weights[i * 8u + lane / 8u];
    let v = tiles[i * 16u + lane % 8u];
    let w = tiles[i * 16u + lane % 8u + 8u];
    (*sum).near += mat4x4f(u.x * v, u.y * v, u.z * v, u.w * v);
    (*sum).far += mat4x4f(u.x * w, u.y * w, u.z * w, u.w * w);
  }
  workgroupBarrier();
}

fn store(lane: u32, sum: Block, m: Rows, col: u32, beside: bool) {
  for (var i = 0u; i < 4u; i++) {
    let row = m.first + lane / 8u * 4u + i;
    for (var j = 0u; j < 8u; j++) {
      let to = col + lane % 8u * 4u + j % 4u + j / 4u * 32u;
      if (row >= m.count || to >= args.d) { continue; }
      let y = select(sum.near[i][j % 4u], sum.far[i][j % 4u], j > 3u);
      let at = m.start + row * args.heads * args.d + to;
      if (beside) { second[at] = y; } else { out[at] = y; }
    }
  }
}

// eˣ after Cephes' expf, good to 2 ULP; 0 below −87.3, where the result would be subnormal; NaN, which clamp() may lose, as it is.
fn exponential(x: vec4f) -> vec4f {
  let v = clamp(x, vec4f(-87.3), vec4f(88.0));
  let n = round(v * 1.44269504);
  let r = v - n * 0.693359375 + n * 2.12194440e-4;
  var p = vec4f(1.9875691500e-4);
  p = p * r + 1.3981999507e-3;
  p = p * r + 8.3334519073e-3;
  p = p * r + 4.1665795894e-2;
  p = p * r + 1.6666665459e-1;
  p = p * r + 5.0000001201e-1;
  let scale = bitcast<vec4f>((vec4i(n) + 127) << vec4u(23u));
  let y = select((p * r * r + r + 1.0) * scale, vec4f(), x < vec4f(-87.3));
  return select(y, x, (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}

// Adds up what the threads of the same rows hold.
fn across(lane: u32, value: vec4f) -> vec4f {
  lanes[lane] = value;
  workgroupBarrier();
  var total = vec4f();
  for (var i = 0u; i < 8u; i++) { total += lanes[lane / 8u * 8u + i]; }
  workgroupBarrier();
  return total;
}

fn four(start: u32, i: vec4u) -> vec4f {
  return vec4f(rows[start + i.x], rows[start + i.y], rows[start + i.z], rows[start + i.w]);
}

// g_S · k with g_S the scores' gradient; for each row Σ p · g_p, of whose two numbers the second is 0 here, and what softmax keeps of g_p = context · g · vᵀ
@compute @workgroup_size(8, 8)
fn attend_queries(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.z / args.heads;
  let text = i % args.forward;
  let h = group.z % args.heads;
  let queries = head(Q, text, h, group.y * 32u, args.t);
  let gradient = head(G, i, h, group.y * 32u, args.t);
  let stats = (text * args.heads + h) * 3u * args.t;
  let row = queries.first + lane / 8u * 4u + vec4u(0, 1, 2, 3);
  let near = min(row, vec4u(args.t - 1u));
  let peak = four(stats, near);
  let total = four(stats + args.t, near);
  let n = u32(rows[stats + 2u * args.t]);

  // Once for the sums along whole rows, then for the gradient that needs them.
  var sums = vec4f();
  var scores = vec4f();
  var both = vec4f();
  var sum: Block;
  for (var turn = 0u; turn < 2u; turn++) {
    for (var first = 0u; first < n; first += 32u) {
      let inside = first + lane % 8u * 4u + vec4u(0, 1, 2, 3) < vec4u(n);
      let keys = head(K, text, h, first, args.s);
      let s = args.scale * product(lane, queries, keys);
      var gp = args.context * product(lane, gradient, head(V, text, h, first, args.s));
      for (var r = 0u; r < 4u; r++) {
        let u = s[r] - peak[r];
        let p = select(vec4f(), exponential(u) / total[r], inside);
        if (turn == 0u) {
          sums[r] += dot(p, gp[r]);
          scores[r] += dot(p, u);
          both[r] += dot(p * gp[r], u);
        }
        gp[r] = p * (gp[r] - sums[r]);
      }
      if (turn == 1u) { accumulate(lane, &sum, gp, keys, group.x * 64u); }
    }
    if (turn == 0u) {
      sums = across(lane, sums);
      scores = across(lane, scores);
      both = across(lane, both);
    }
  }

  // Σ g p (1 − ln p + Σ p ln p): as Σ p = 1, the scores less their peak do for ln p.
  let kept = sums * (1.0 + scores) - both;
  let to = group.z * args.t + row;
  for (var r = 0u; r < 4u; r++) {
    if (group.x > 0u || lane % 8u > 0u || row[r] >= args.t) { continue; }
    second[to[r] + group.z * args.t] = sums[r];
    second[to[r] + (group.z + 1u) * args.t] = 0.0;
    third[to[r]] = kept[r];
  }
  let by = args.scale * args.scores;
  store(lane, Block(by * sum.near, by * sum.far), head(Q, i, h, queries.first, args.t), group.x * 64u, false);
}

// g_Sᵀ · q, and context · pᵀ · g
@compute @workgroup_size(8, 8)
fn attend_keys(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.z / args.heads;
  let text = i % args.forward;
  let h = group.z % args.heads;
  let keys = head(K, text, h, group.y * 32u, args.s);
  let values = head(V, text, h, group.y * 32u, args.s);
  let stats = (text * args.heads + h) * 3u * args.t;
  let n = u32(rows[stats + 2u * args.t]);

  var sum: Block;
  var values_sum: Block;
  for (var first = 0u; first < args.t; first += 32u) {
    let col = first + lane % 8u * 4u + vec4u(0, 1, 2, 3);
    let near = min(col, vec4u(args.t - 1u));
    let peak = four(stats, near);
    let total = four(stats + args.t, near);
    let j = 2u * group.z * args.t + near;
    let sums = vec4f(third[j.x], third[j.y], third[j.z], third[j.w]);
    let queries = head(Q, text, h, first, args.t);
    let gradient = head(G, i, h, first, args.t);
    var p = args.scale * product(lane, keys, queries);
    var gs = args.context * product(lane, values, gradient);
    for (var r = 0u; r < 4u; r++) {
      let real = keys.first + lane / 8u * 4u + r < n;
      p[r] = select(vec4f(), exponential(p[r] - peak) / total, (col < vec4u(args.t)) & vec4<bool>(real));
      gs[r] = p[r] * (gs[r] - sums);
    }
    accumulate(lane, &values_sum, p, gradient, group.x * 64u);
    accumulate(lane, &sum, gs, queries, group.x * 64u);
  }
  let to = head(K, i, h, keys.first, args.s);
  let by = args.scale * args.scores;
  store(lane, Block(by * sum.near, by * sum.far), to, group.x * 64u, false);
  store(lane, Block(args.context * values_sum.near, args.context * values_sum.far), to, group.x * 64u, true);
}
