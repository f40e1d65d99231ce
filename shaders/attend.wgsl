// Attention without its weights [heads, t, s] in memory: a tile of 32 × 32 of them at a time, made again in propagation.
//   q: [forward, t, heads·d]   k, v: [forward, s, heads·d]   g: [batch, t, heads·d]   rows: [forward, heads, 3, t]
// A workgroup makes 32 rows × 64 columns of one head of one text, each thread 4 rows × 8 columns; rows and columns
// beyond the edge are computed from the last ones and not stored.

struct Args { batch: u32, heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> rows: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<f32>;
@group(0) @binding(4) var<storage, read> k: array<f32>;
@group(0) @binding(5) var<storage, read> c: array<f32>; // the values, or the gradient
@group(0) @binding(6) var<storage, read> lengths: array<f32>;

var<workgroup> tiles: array<vec4f, 512>; // two of 32 × 32, or one of 32 × 64
var<workgroup> weights: array<vec4f, 256>; // 32 × 32, by columns
var<workgroup> lanes: array<vec4f, 64>;

// Rows of one head: of which tensor, where its text's first begins, from which one on, and how many the text has.
struct Rows { tensor: u32, start: u32, first: u32, count: u32 }

const Q = 0u;
const K = 1u;
const C = 2u;

fn head(tensor: u32, text: u32, h: u32, first: u32, count: u32) -> Rows {
  return Rows(tensor, (text * count * args.heads + h) * args.d, first, count);
}

fn element(m: Rows, row: u32, col: u32) -> f32 {
  let i = m.start + min(m.first + row, m.count - 1u) * args.heads * args.d + min(col, args.d - 1u);
  switch m.tensor {
    case Q: { return q[i]; }
    case K: { return k[i]; }
    default: { return c[i]; }
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

fn store(lane: u32, sum: Block, m: Rows, col: u32) {
  for (var i = 0u; i < 4u; i++) {
    let row = m.first + lane / 8u * 4u + i;
    for (var j = 0u; j < 8u; j++) {
      let to = col + lane % 8u * 4u + j % 4u + j / 4u * 32u;
      if (row >= m.count || to >= args.d) { continue; }
      out[m.start + row * args.heads * args.d + to] = select(sum.near[i][j % 4u], sum.far[i][j % 4u], j > 3u);
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

// softmax(scale · q · kᵀ) · v, and for each row its largest score, its sum of exponentials and its number of keys
@compute @workgroup_size(8, 8)
fn attend(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let text = group.z / args.heads;
  let h = group.z % args.heads;
  let queries = head(Q, text, h, group.y * 32u, args.t);
  let n = min(u32(lengths[text]), args.s);

  var sum: Block;
  var peak = vec4f(-3.4e38);
  var total = vec4f();
  for (var first = 0u; first < n; first += 32u) {
    let inside = first + lane % 8u * 4u + vec4u(0, 1, 2, 3) < vec4u(n);
    var s = args.scale * product(lane, queries, head(K, text, h, first, args.s));
    var most = peak;
    for (var i = 0u; i < 4u; i++) {
      s[i] = select(vec4f(-3.4e38), s[i], inside);
      most[i] = max(peak[i], max(max(s[i].x, s[i].y), max(s[i].z, s[i].w)));
    }
    lanes[lane] = most;
    workgroupBarrier();
    for (var i = 0u; i < 8u; i++) { most = max(most, lanes[lane / 8u * 8u + i]); }

    // What there is so far is of the old peak.
    let less = exponential(peak - most);
    peak = most;
    total *= less;
    for (var i = 0u; i < 4u; i++) {
      sum.near[i] *= less[i];
      sum.far[i] *= less[i];
      s[i] = select(vec4f(), exponential(s[i] - peak[i]), inside);
      total[i] += dot(s[i], vec4f(1.0));
    }
    accumulate(lane, &sum, s, head(C, text, h, first, args.s), group.x * 64u);
  }

  lanes[lane] = total;
  workgroupBarrier();
  total = vec4f();
  for (var i = 0u; i < 8u; i++) { total += lanes[lane / 8u * 8u + i]; }
  for (var i = 0u; i < 4u; i++) {
    let part = select(0.0, 1.0 / total[i], total[i] > 0.0);
    sum.near[i] *= part;
    sum.far[i] *= part;
    let row = queries.first + lane / 8u * 4u + i;
    if (group.x > 0u || lane % 8u > 0u || row >= args.t) { continue; }
    let to = group.z * 3u * args.t + row;
    rows[to] = peak[i];
    rows[to + args.t] = total[i];
    rows[to + 2u * args.t] = f32(n);
  }
  store(lane, sum, queries, group.x * 64u);
}

// pᵀ · g
@compute @workgroup_size(8, 8)
fn attend_values(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.z / args.heads;
  let text = i % args.forward;
  let h = group.z % args.heads;
  let keys = head(K, text, h, group.y * 32u, args.s);
  let stats = (text * args.heads + h) * 3u * args.t;

  var sum: Block;
  for (var first = 0u; first < args.t; first += 32u) {
    let col = first + lane % 8u * 4u + vec4u(0, 1, 2, 3);
    let at = stats + min(col, vec4u(args.t - 1u));
    let peak = vec4f(rows[at.x], rows[at.y], rows[at.z], rows[at.w]);
    let to = at + args.t;
    let total = vec4f(rows[to.x], rows[to.y], rows[to.z], rows[to.w]);
    var p = args.scale * product(lane, keys, head(Q, text, h, first, args.t));
    for (var r = 0u; r < 4u; r++) {
      let real = f32(keys.first + lane / 8u * 4u + r) < rows[stats + 2u * args.t];
      p[r] = select(vec4f(), exponential(p[r] - peak) / total, (col < vec4u(args.t)) & vec4<bool>(real));
    }
    accumulate(lane, &sum, p, head(C, i, h, first, args.t), group.x * 64u);
  }
  store(lane, sum, head(K, i, h, keys.first, args.s), group.x * 64u);
}
