// Layer normalisation along each row, half a workgroup a row: x̂ · w + b, with x̂ = (x − mean) · rstd and
// rstd = 1/√(var + eps). Gradients may have several times the rows of the forward pass; row r then belongs to
// forward row r % forward.
//
// A mean rounds, which a norm magnifies by |x|/deviation where that is small. So a mean is two numbers here: the second is
// the mean of what is left after the first (Chan, Golub and LeVeque 1983), and the variance is corrected by its square.

struct Args { rows: u32, cols: u32, forward: u32, eps: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> moments: array<vec4f>; // each row's mean, in two numbers, rstd, var/(var + eps)
@group(0) @binding(3) var<storage, read> a: array<f32>;
@group(0) @binding(4) var<storage, read> b: array<f32>;
@group(0) @binding(5) var<storage, read> c: array<f32>;

const LANES = 32u; // threads a row has, of the 64 of a workgroup
var<workgroup> lanes: array<vec2f, 64>;

// Adds up what a row's lanes hold, two sums at a time; each lane gets both.
fn sums(thread: u32, value: vec2f) -> vec2f {
  workgroupBarrier();
  lanes[thread] = value;
  workgroupBarrier();
  let first = thread / LANES * LANES;
  var low = vec2f();
  var high = vec2f();
  for (var i = first; i < first + LANES; i += 2u) {
    low += lanes[i];
    high += lanes[i + 1u];
  }
  return low + high;
}

fn largest(thread: u32, value: f32) -> f32 {
  workgroupBarrier();
  lanes[thread].x = value;
  workgroupBarrier();
  var peak = value;
  for (var i = thread / LANES * LANES; i < (thread / LANES + 1u) * LANES; i++) { peak = max(peak, lanes[i].x); }
  return peak;
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

// x less its mean
fn centred(x: f32, own: vec4f) -> f32 { return (x - own.x) - own.y; }

// x̂ · b + c with x = a, and the row's moments
@compute @workgroup_size(64)
fn layer_norm(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let n = f32(args.cols);
  var total = 0.0;
  var peak = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) {
    total += a[start + i];
    peak = max(peak, abs(a[start + i]));
  }
  let mean = sums(thread, vec2f(total, 0.0)).x / n;
  // Squares of numbers this large would overflow.
  let by = select(1.0, 8.271806125530277e-25, largest(thread, peak) > 1e15); // 2⁻⁸⁰
  var left = vec2f();
  for (var i = at.lane; i < at.cols; i += LANES) {
    let d = (a[start + i] - mean) * by;
    left += vec2f(d, d * d);
  }
  left = sums(thread, left) / n;
  let variance = max(left.y - left.x * left.x, 0.0);
  let square = max(variance + args.eps * by * by, 1e-37); // of a large row that does not vary
  let own = vec4f(mean, left.x / by, reciprocal_root(square) * by, variance / square);
  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = centred(a[start + i], own) * own.z * b[i] + c[i]; }
  if (at.lane == 0u && at.row < args.rows) { moments[at.row] = own; }
}

// (ĝ − mean ĝ) · rstd with ĝ = a · b, b the gradient: the deviation held constant, only the mean couples the columns.
@compute @workgroup_size(64)
fn layer_norm_identity(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let rstd = moments[at.forward].z;
  let n = f32(args.cols);
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += b[start + i] * a[i]; }
  let mean = sums(thread, vec2f(total, 0.0)).x / n;
  total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += b[start + i] * a[i] - mean; }
  let rest = sums(thread, vec2f(total, 0.0)).x / n;
  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = ((b[start + i] * a[i] - mean) - rest) * rstd; }
}

// (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd with x = a, ĝ = c · b, c the gradient
@compute @workgroup_size(64)
fn layer_norm_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let forward = at.forward * args.cols;
  let own = moments[at.forward];
  let n = f32(args.cols);
  var both = vec2f();
  for (var i = at.lane; i < at.cols; i += LANES) {
    let g = c[start + i] * b[i];
    both += vec2f(g, g * centred(a[forward + i], own) * own.z);
  }
  both = sums(thread, both) / n;
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += c[start + i] * b[i] - both.x; }
  let rest = sums(thread, vec2f(total, 0.0)).x / n;
  for (var i = at.lane; i < at.cols; i += LANES) {
    let g = (c[start + i] * b[i] - both.x) - rest;
    out[start + i] = (g - centred(a[forward + i], own) * own.z * both.y) * own.z;
  }
}

// What the plain gradient keeps of a row beyond the bias: [var/(var + eps)] · Σ ĝ x̂
@compute @workgroup_size(64)
fn layer_norm_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let forward = at.forward * args.cols;
  let own = moments[at.forward];
  var along = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { along += c[start + i] * b[i] * centred(a[forward + i], own) * own.z; }
  along = sums(thread, vec2f(along, 0.0)).x;
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = own.w * along; }
}
