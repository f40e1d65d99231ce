// Layer normalisation along each row, one workgroup a row: x̂ · w + b, with x̂ = (x − mean) · rstd and
// rstd = 1/√(var + eps). Gradients may have several times the rows of the forward pass; row r then belongs to
// forward row r % forward.

struct Args { rows: u32, cols: u32, forward: u32, eps: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<storage, read> b: array<f32>; // the bias, or the gradient of the output

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

// A row's mean, its variance and the reciprocal of its deviation.
struct Moments { mean: f32, variance: f32, rstd: f32 }

fn moments(lane: u32, start: u32, cols: u32) -> Moments {
  let n = f32(args.cols);
  var total = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { total += x[start + i]; }
  let mean = sum(lane, total) / n;
  total = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { let d = x[start + i] - mean; total += d * d; }
  let variance = sum(lane, total) / n;
  return Moments(mean, variance, reciprocal_root(variance + args.eps));
}

// The row a workgroup works on, and how many of its columns: none beyond the last row, so that barriers stay uniform.
fn row_of(group: vec3u, groups: vec3u) -> u32 { return group.y * groups.x + group.x; }
fn width_of(row: u32) -> u32 { return select(0u, args.cols, row < args.rows); }

@compute @workgroup_size(WIDTH)
fn layer_norm(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let m = moments(lane, start, cols);
  for (var i = lane; i < cols; i += WIDTH) { out[start + i] = (x[start + i] - m.mean) * m.rstd * w[i] + b[i]; }
}

// (ĝ − mean ĝ) · rstd with ĝ = g · w: the deviation held constant, only the mean couples the columns.
@compute @workgroup_size(WIDTH)
fn layer_norm_identity(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let m = moments(lane, (row % args.forward) * args.cols, cols);
  var total = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { total += b[start + i] * w[i]; }
  let mean = sum(lane, total) / f32(args.cols);
  for (var i = lane; i < cols; i += WIDTH) { out[start + i] = (b[start + i] * w[i] - mean) * m.rstd; }
}

// (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd
@compute @workgroup_size(WIDTH)
fn layer_norm_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let forward = (row % args.forward) * args.cols;
  let m = moments(lane, forward, cols);
  var plain = 0.0;
  var along = 0.0;
  for (var i = lane; i < cols; i += WIDTH) {
    let g = b[start + i] * w[i];
    plain += g;
    along += g * (x[forward + i] - m.mean) * m.rstd;
  }
  let p = sum(lane, plain) / f32(args.cols);
  let q = sum(lane, along) / f32(args.cols);
  for (var i = lane; i < cols; i += WIDTH) {
    out[start + i] = (b[start + i] * w[i] - p - (x[forward + i] - m.mean) * m.rstd * q) * m.rstd;
  }
}

// What the plain gradient keeps of a row beyond the bias: [var/(var + eps)] · Σ ĝ x̂
@compute @workgroup_size(WIDTH)
fn layer_norm_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let forward = (row % args.forward) * args.cols;
  let m = moments(lane, forward, cols);
  var along = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { along += b[start + i] * w[i] * (x[forward + i] - m.mean) * m.rstd; }
  along = sum(lane, along);
  if (lane == 0u && row < args.rows) { out[row] = m.variance / (m.variance + args.eps) * along; }
}
