// Dense layers, with weights as checkpoints store them: w is [out, in]. Each thread computes a 4 × 4 block of the
// output in registers; rows and columns beyond the edge are computed from the last ones and not stored.

struct Args { rows: u32, cols: u32, depth: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

const BLOCK = vec4u(0, 1, 2, 3);

// Element k of four rows of x.
fn left(rows: vec4u, k: u32) -> vec4f {
  return vec4f(x[rows.x + k], x[rows.y + k], x[rows.z + k], x[rows.w + k]);
}

fn first_row(id: vec3u) -> vec4u { return min(id.y * 4u + BLOCK, vec4u(args.rows - 1u)); }
fn first_col(id: vec3u) -> vec4u { return min(id.x * 4u + BLOCK, vec4u(args.cols - 1u)); }

fn put(row: u32, cols: vec4u, y: vec4f) {
  if (row >= args.rows) { return; }
  let at = row * args.cols;
  out[at + cols.x] = y.x;
  if (cols.y > cols.x) { out[at + cols.y] = y.y; }
  if (cols.z > cols.y) { out[at + cols.z] = y.z; }
  if (cols.w > cols.z) { out[at + cols.w] = y.w; }
}

// x · wᵀ for the block's rows and columns.
fn product(id: vec3u) -> mat4x4f {
  let rows = first_row(id) * args.depth;
  let cols = first_col(id) * args.depth;
  var y = mat4x4f();
  for (var k = 0u; k < args.depth; k++) {
    let v = vec4f(w[cols.x + k], w[cols.y + k], w[cols.z + k], w[cols.w + k]);
    let u = left(rows, k);
    y[0] += u.x * v;
    y[1] += u.y * v;
    y[2] += u.z * v;
    y[3] += u.w * v;
  }
  return y;
}

// x · wᵀ
@compute @workgroup_size(8, 8)
fn linear(@builtin(global_invocation_id) id: vec3u) {
  if (id.x * 4u >= args.cols || id.y * 4u >= args.rows) { return; }
  let y = product(id);
  let cols = first_col(id);
  for (var r = 0u; r < 4u; r++) { put(id.y * 4u + r, cols, y[r]); }
}

// x · wᵀ + bias
@compute @workgroup_size(8, 8)
fn linear_bias(@builtin(global_invocation_id) id: vec3u) {
  if (id.x * 4u >= args.cols || id.y * 4u >= args.rows) { return; }
  let y = product(id);
  let cols = first_col(id);
  let b = vec4f(bias[cols.x], bias[cols.y], bias[cols.z], bias[cols.w]);
  for (var r = 0u; r < 4u; r++) { put(id.y * 4u + r, cols, y[r] + b); }
}

// x · w, where x is the gradient of a dense layer's output
@compute @workgroup_size(8, 8)
fn linear_grad(@builtin(global_invocation_id) id: vec3u) {
  if (id.x * 4u >= args.cols || id.y * 4u >= args.rows) { return; }
  let rows = first_row(id) * args.depth;
  let cols = first_col(id);
  var y = mat4x4f();
  for (var k = 0u; k < args.depth; k++) {
    let at = k * args.cols;
    let v = vec4f(w[at + cols.x], w[at + cols.y], w[at + cols.z], w[at + cols.w]);
    let u = left(rows, k);
    y[0] += u.x * v;
    y[1] += u.y * v;
    y[2] += u.z * v;
    y[3] += u.w * v;
  }
  for (var r = 0u; r < 4u; r++) { put(id.y * 4u + r, cols, y[r]); }
}
