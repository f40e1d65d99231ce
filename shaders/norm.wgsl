// Layer normalisation along each row, half a workgroup a row: x̂ · w + b, with x̂ = (x − mean) · rstd and
// rstd = 1/√(var + eps). Gradients may have several times the rows of the forward pass; row r then belongs to
// forward row r % forward.

struct Args { rows: u32, cols: u32, forward: u32, eps: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> moments: array<f32>; // each row's mean and variance
@group(0) @binding(3) var<storage, read> a: array<f32>;
@group(0) @binding(4) var<storage, read> b: array<f32>;
@group(0) @binding(5) var<storage, read> c: array<f32>;

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

// The row a thread works on, how many of its columns (none beyond the last row, so that barriers stay uniform), the first
// of them, and the row of the forward pass that it belongs to.
struct Place { row: u32, cols: u32, lane: u32, forward: u32 }
fn place(group: vec3u, groups: vec3u, thread: u32) -> Place {
  let row = (group.y * groups.x + group.x) * (64u / LANES) + thread / LANES;
  return Place(row, select(0u, args.cols, row < args.rows), thread % LANES, row % args.forward);
}

fn rstd_of(forward: u32) -> f32 { return reciprocal_root(moments[2u * forward + 1u] + args.eps); }

// x̂ · b + c with x = a, and the row's mean and variance
@compute @workgroup_size(64)
fn layer_norm(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let n = f32(args.cols);
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += a[start + i]; }
  let mean = sum(thread, total) / n;
  total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { let d = a[start + i] - mean; total += d * d; }
  let variance = sum(thread, total) / n;
  let rstd = reciprocal_root(variance + args.eps);
  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = (a[start + i] - mean) * rstd * b[i] + c[i]; }
  if (at.lane == 0u && at.row < args.rows) {
    moments[2u * at.row] = mean;
    moments[2u * at.row + 1u] = variance;
  }
}

// (ĝ − mean ĝ) · rstd with ĝ = a · b, b the gradient: the deviation held constant, only the mean couples the columns.
@compute @workgroup_size(64)
fn layer_norm_identity(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let rstd = rstd_of(at.forward);
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += b[start + i] * a[i]; }
  let mean = sum(thread, total) / f32(args.cols);
  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = (b[start + i] * a[i] - mean) * rstd; }
}

// (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd with x = a, ĝ = c · b, c the gradient
@compute @workgroup_size(64)
fn layer_norm_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let forward = at.forward * args.cols;
  let mean = moments[2u * at.forward];
  let rstd = rstd_of(at.forward);
  var plain = 0.0;
  var along = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) {
    let g = c[start + i] * b[i];
    plain += g;
    along += g * (a[forward + i] - mean) * rstd;
  }
  let p = sum(thread, plain) / f32(args.cols);
  let q = sum(thread, along) / f32(args.cols);
  for (var i = at.lane; i < at.cols; i += LANES) {
    out[start + i] = (c[start + i] * b[i] - p - (a[forward + i] - mean) * rstd * q) * rstd;
  }
}

// What the plain gradient keeps of a row beyond the bias: [var/(var + eps)] · Σ ĝ x̂
@compute @workgroup_size(64)
fn layer_norm_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let forward = at.forward * args.cols;
  let mean = moments[2u * at.forward];
  let variance = moments[2u * at.forward + 1u];
  let rstd = rstd_of(at.forward);
  var along = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { along += c[start + i] * b[i] * (a[forward + i] - mean) * rstd; }
  along = sum(thread, along);
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = variance / (variance + args.eps) * along; }
}
