// Layer normalisation along each row, half a workgroup a row: x̂ · w + b, with x̂ = (x − mean) · rstd and
// rstd = 1/√(var + eps). Gradients may have several times the rows of the forward pass; row r then belongs to
// forward row r % forward.

struct Args { rows: u32, cols: u32, forward: u32, eps: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<storage, read> b: array<f32>; // the bias, or the gradient of the output

const LANES = 32u; // threads a row has, of the 64 of a workgroup
var<workgroup> lanes: array<f32, 64>;

// Adds up what a row's lanes hold; each gets the sum.
fn sum(thread: u32, value: f32) -> f32 {
  workgroupBarrier();
  lanes[thread] = value;
  workgroupBarrier();
  let first = thread / LANES * LANES;
  var total = vec4f();
  for (var i = first; i < first + LANES; i += 4u) {
    total += vec4f(lanes[i], lanes[i + 1u], lanes[i + 2u], lanes[i + 3u]);
  }
  return (total.x + total.y) + (total.z + total.w);
}

// 1/√v. WGSL grants inverseSqrt an error that would leak relevance through every norm; a Newton step takes it away.
fn reciprocal_root(v: f32) -> f32 {
  let r = inverseSqrt(v);
  return r * (1.5 - 0.5 * (v * r) * r);
}

// A row's mean, its variance and the reciprocal of its deviation.
struct Moments { mean: f32, variance: f32, rstd: f32 }

fn moments(thread: u32, start: u32, cols: u32) -> Moments {
  let n = f32(args.cols);
  let lane = thread % LANES;
  var total = 0.0;
  for (var i = lane; i < cols; i += LANES) { total += x[start + i]; }
  let mean = sum(thread, total) / n;
  total = 0.0;
  for (var i = lane; i < cols; i += LANES) { let d = x[start + i] - mean; total += d * d; }
  let variance = sum(thread, total) / n;
  return Moments(mean, variance, reciprocal_root(variance + args.eps));
}

// The row a thread works on, how many of its columns, and the first of them.
struct Place { row: u32, cols: u32, lane: u32 }
fn place(group: vec3u, groups: vec3u, thread: u32) -> Place {
  let row = (group.y * groups.x + group.x) * (64u / LANES) + thread / LANES;
  return Place(row, select(0u, args.cols, row < args.rows), thread % LANES);
}

@compute @workgroup_size(64)
fn layer_norm(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let m = moments(thread, start, at.cols);
  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = (x[start + i] - m.mean) * m.rstd * w[i] + b[i]; }
}

// (ĝ − mean ĝ) · rstd with ĝ = g · w: the deviation held constant, only the mean couples the columns.
@compute @workgroup_size(64)
fn layer_norm_identity(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let m = moments(thread, (at.row % args.forward) * args.cols, at.cols);
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += b[start + i] * w[i]; }
  let mean = sum(thread, total) / f32(args.cols);
  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = (b[start + i] * w[i] - mean) * m.rstd; }
}

// (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd
@compute @workgroup_size(64)
fn layer_norm_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let forward = (at.row % args.forward) * args.cols;
  let m = moments(thread, forward, at.cols);
  var plain = 0.0;
  var along = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) {
    let g = b[start + i] * w[i];
    plain += g;
    along += g * (x[forward + i] - m.mean) * m.rstd;
  }
  let p = sum(thread, plain) / f32(args.cols);
  let q = sum(thread, along) / f32(args.cols);
  for (var i = at.lane; i < at.cols; i += LANES) {
    out[start + i] = (b[start + i] * w[i] - p - (x[forward + i] - m.mean) * m.rstd * q) * m.rstd;
  }
}

// What the plain gradient keeps of a row beyond the bias: [var/(var + eps)] · Σ ĝ x̂
@compute @workgroup_size(64)
fn layer_norm_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let forward = (at.row % args.forward) * args.cols;
  let m = moments(thread, forward, at.cols);
  var along = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { along += b[start + i] * w[i] * (x[forward + i] - m.mean) * m.rstd; }
  along = sum(thread, along);
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = m.variance / (m.variance + args.eps) * along; }
}
