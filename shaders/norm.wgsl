// Layer normalisation along each row, one workgroup a row: x̂ · w + b, with x̂ = (x − mean) · rstd and
// rstd = 1/√(var + eps). Gradients may have several times the rows of the forward pass; row r then belongs to
// forward row r % forward.

struct Args { rows: u32, cols: u32, forward: u32, eps: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> moments: array<f32>; // each row's mean and variance
@group(0) @binding(3) var<storage, read> a: array<f32>;
@group(0) @binding(4) var<storage, read> b: array<f32>;
@group(0) @binding(5) var<storage, read> c: array<f32>;

const WIDTH = 64u;
var<workgroup> lanes: array<f32, WIDTH>;

fn sum(lane: u32, value: f32) -> f32 {
  lanes[lane] = value;
  for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
  }
  return workgroupUniformLoad(&lanes[0]);
}

// 1/√v. WGSL grants inverseSqrt an error that would leak relevance through every norm; a Newton step takes it away.
fn reciprocal_root(v: f32) -> f32 {
  let r = inverseSqrt(v);
  return r * (1.5 - 0.5 * (v * r) * r);
}

// The row a workgroup works on, and how many of its columns: none beyond the last row, so that barriers stay uniform.
fn row_of(group: vec3u, groups: vec3u) -> u32 { return group.y * groups.x + group.x; }
fn width_of(row: u32) -> u32 { return select(0u, args.cols, row < args.rows); }

// The row of the forward pass that a row belongs to, and the reciprocal of its deviation.
fn forward_of(row: u32) -> u32 { return row % args.forward; }
fn rstd_of(row: u32) -> f32 { return reciprocal_root(moments[2u * forward_of(row) + 1u] + args.eps); }

// x̂ · b + c with x = a, and the row's mean and variance
@compute @workgroup_size(WIDTH)
fn layer_norm(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let n = f32(args.cols);
  var total = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { total += a[start + i]; }
  let mean = sum(lane, total) / n;
  total = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { let d = a[start + i] - mean; total += d * d; }
  let variance = sum(lane, total) / n;
  let rstd = reciprocal_root(variance + args.eps);
  for (var i = lane; i < cols; i += WIDTH) { out[start + i] = (a[start + i] - mean) * rstd * b[i] + c[i]; }
  if (lane == 0u && row < args.rows) {
    moments[2u * row] = mean;
    moments[2u * row + 1u] = variance;
  }
}

// (ĝ − mean ĝ) · rstd with ĝ = a · b, b the gradient: the deviation held constant, only the mean couples the columns.
@compute @workgroup_size(WIDTH)
fn layer_norm_identity(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let rstd = rstd_of(row);
  var total = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { total += b[start + i] * a[i]; }
  let mean = sum(lane, total) / f32(args.cols);
  for (var i = lane; i < cols; i += WIDTH) { out[start + i] = (b[start + i] * a[i] - mean) * rstd; }
}

// (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd with x = a, ĝ = c · b, c the gradient
@compute @workgroup_size(WIDTH)
fn layer_norm_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let forward = forward_of(row) * args.cols;
  let mean = moments[2u * forward_of(row)];
  let rstd = rstd_of(row);
  var plain = 0.0;
  var along = 0.0;
  for (var i = lane; i < cols; i += WIDTH) {
    let g = c[start + i] * b[i];
    plain += g;
    along += g * (a[forward + i] - mean) * rstd;
  }
  let p = sum(lane, plain) / f32(args.cols);
  let q = sum(lane, along) / f32(args.cols);
  for (var i = lane; i < cols; i += WIDTH) {
    out[start + i] = (c[start + i] * b[i] - p - (a[forward + i] - mean) * rstd * q) * rstd;
  }
}

// What the plain gradient keeps of a row beyond the bias: [var/(var + eps)] · Σ ĝ x̂
@compute @workgroup_size(WIDTH)
fn layer_norm_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let forward = forward_of(row) * args.cols;
  let mean = moments[2u * forward_of(row)];
  let variance = moments[2u * forward_of(row) + 1u];
  var along = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { along += c[start + i] * b[i] * (a[forward + i] - mean) * rstd_of(row); }
  along = sum(lane, along);
  if (lane == 0u && row < args.rows) { out[row] = variance / (variance + args.eps) * along; }
}
