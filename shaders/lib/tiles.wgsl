// What the kernels of attend() share: tiles of 32 × 32 attention weights, made where they are needed.
// A workgroup makes 32 rows × 64 columns of one head of one text, each thread 4 rows × 8 columns; rows and columns beyond
// the edge are computed from the last ones and not stored. A file that this is joined to has `heads`, `kv_heads` and `d`
// in its Args, says which tensor has which number in value_of(), and stores outputs by put().

var<workgroup> tiles: array<vec4f, 512>; // two of 32 × 32, or one of 32 × 64
var<workgroup> weights: array<vec4f, 256>; // 32 × 32, by columns
var<workgroup> lanes: array<vec4f, 64>;

const Q = 0u;
const K = 1u;
const V = 2u;
const G = 3u;

// Rows of one head: of which tensor, where its text's first begins, how far apart they are, from which one on, and how many
// the text has.
struct Rows { tensor: u32, start: u32, stride: u32, first: u32, count: u32 }

fn rows_of(tensor: u32, text: u32, heads: u32, h: u32, first: u32, count: u32) -> Rows {
  return Rows(tensor, (text * count * heads + h) * args.d, heads * args.d, first, count);
}

fn element(m: Rows, row: u32, col: u32) -> f32 {
  return value_of(m.tensor, m.start + min(m.first + row, m.count - 1u) * m.stride + min(col, args.d - 1u));
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

// Stores by · sum as rows of m from `col` on, by put(`to`, …).
fn store(lane: u32, sum: Block, by: f32, m: Rows, col: u32, to: u32) {
  for (var i = 0u; i < 4u; i++) {
    let row = m.first + lane / 8u * 4u + i;
    for (var j = 0u; j < 8u; j++) {
      let c = col + lane % 8u * 4u + j % 4u + j / 4u * 32u;
      if (row >= m.count || c >= args.d) { continue; }
      put(to, m.start + row * m.stride + c, by * select(sum.near[i][j % 4u], sum.far[i][j % 4u], j > 3u));
    }
  }
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

fn exponentials(x: vec4f) -> vec4f {
  return vec4f(exponential(x.x), exponential(x.y), exponential(x.z), exponential(x.w));
}
