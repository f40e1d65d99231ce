// The products of attention, per batch and head.
//   p: [batch, heads, t, s]   a: [batch, t, heads·d]   b: [batch, s, kv_heads·d]
// Heads in groups of heads / kv_heads that follow one another share keys and values, b.
// An operand of fewer batches than the output is read again from its start: `left_batch` and `right_batch` are theirs.
// Each thread computes a 4 × 4 block in registers, one head of one batch a layer of the grid; rows and columns beyond
// the edge are computed from the last ones and not stored.

struct Args { batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, left_batch: u32, right_batch: u32, scale: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> left: array<f32>;
@group(0) @binding(3) var<storage, read> right: array<f32>;

// A matrix within a buffer: where it starts, and how far apart its rows and its columns are.
struct Matrix { start: u32, row: u32, col: u32 }

// Σ a[r, k] · b[k, c] over k, for the thread's rows and columns
fn product(id: vec3u, rows: u32, cols: u32, a: Matrix, b: Matrix, depth: u32) -> mat4x4f {
  let r = a.start + min(id.y * 4u + vec4u(0, 1, 2, 3), vec4u(rows - 1u)) * a.row;
  let c = b.start + min(id.x * 4u + vec4u(0, 1, 2, 3), vec4u(cols - 1u)) * b.col;
  var y = mat4x4f();
  for (var k = 0u; k < depth; k++) {
    let i = r + k * a.col;
    let j = c + k * b.row;
    let u = vec4f(left[i.x], left[i.y], left[i.z], left[i.w]);
    let v = vec4f(right[j.x], right[j.y], right[j.z], right[j.w]);
    y[0] += u.x * v;
    y[1] += u.y * v;
    y[2] += u.z * v;
    y[3] += u.w * v;
  }
  return y;
}

// out[r, c] = scale · y[r, c]
fn store(id: vec3u, o: Matrix, rows: u32, cols: u32, y: mat4x4f) {
  for (var i = 0u; i < 4u && id.y * 4u + i < rows; i++) {
    for (var j = 0u; j < 4u && id.x * 4u + j < cols; j++) {
      out[o.start + (id.y * 4u + i) * o.row + (id.x * 4u + j) * o.col] = args.scale * y[i][j];
    }
  }
}

// Head h of batch i in a tensor of p's shape, and in one whose texts have `tokens` rows of heads·d.
fn weights(i: u32, h: u32) -> Matrix { return Matrix((i * args.heads + h) * args.t * args.s, args.s, 1u); }
fn hidden(i: u32, h: u32, tokens: u32, heads: u32) -> Matrix {
  let width = heads * args.d;
  return Matrix(i * tokens * width + h * args.d, width, 1u);
}
fn transposed(m: Matrix) -> Matrix { return Matrix(m.start, m.col, m.row); }
fn outside(id: vec3u, rows: u32, cols: u32) -> bool { return id.x * 4u >= cols || id.y * 4u >= rows; }

// out[h, t, s] = scale · Σ a[t, h, j] · b[s, kv, j] over j
@compute @workgroup_size(8, 8)
fn scores(@builtin(global_invocation_id) id: vec3u) {
  if (outside(id, args.t, args.s)) { return; }
  let i = id.z / args.heads;
  let h = id.z % args.heads;
  let a = hidden(i % args.left_batch, h, args.t, args.heads);
  let b = hidden(i % args.right_batch, h / (args.heads / args.kv_heads), args.s, args.kv_heads);
  store(id, weights(i, h), args.t, args.s, product(id, args.t, args.s, a, transposed(b), args.d));
}

// out[t, h, j] = scale · Σ p[h, t, s] · b[s, kv, j] over s
@compute @workgroup_size(8, 8)
fn context(@builtin(global_invocation_id) id: vec3u) {
  if (outside(id, args.t, args.d)) { return; }
  let i = id.z / args.heads;
  let h = id.z % args.heads;
  let b = hidden(i % args.right_batch, h / (args.heads / args.kv_heads), args.s, args.kv_heads);
  let y = product(id, args.t, args.d, weights(i % args.left_batch, h), b, args.s);
  store(id, hidden(i, h, args.t, args.heads), args.t, args.d, y);
}

// out[s, kv, j] = scale · Σ p[h, t, s] · a[t, h, j] over t and the heads of a group
@compute @workgroup_size(8, 8)
fn context_t(@builtin(global_invocation_id) id: vec3u) {
  if (outside(id, args.s, args.d)) { return; }
  let i = id.z / args.kv_heads;
  let kv = id.z % args.kv_heads;
  let group = args.heads / args.kv_heads;
  var y = mat4x4f();
  for (var h = kv * group; h < (kv + 1u) * group; h++) {
    let p = transposed(weights(i % args.left_batch, h));
    y += product(id, args.s, args.d, p, hidden(i % args.right_batch, h, args.t, args.heads), args.t);
  }
  store(id, hidden(i, kv, args.s, args.kv_heads), args.s, args.d, y);
}
