// lib: rows

// Layer normalisation along each row, half a workgroup a row: x̂ · w + b, with x̂ = (x − mean) · rstd and
// rstd = 1/√(var + eps). RMSNorm (Zhang and Sennrich 2019) is the same with 0 in place of the mean and of b: `centred` is 0
// then, else 1. Gradients may have several times the rows of the forward pass; row r then belongs to forward row r % forward.
//
// A mean rounds, which a norm magnifies by |x|/deviation where that is small. So a mean is two numbers here: the second is
// the mean of what is left after the first (Chan, Golub and LeVeque 1983), and the variance is corrected by its square.

struct Args { rows: u32, cols: u32, forward: u32, eps: f32, centred: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> moments: array<vec4f>; // each row's mean, in two numbers, rstd, var/(var + eps)
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> w: array<f32>;
@group(0) @binding(5) var<storage, read> b: array<f32>;
@group(0) @binding(5) var<storage, read> g: array<f32>;

var<workgroup> pairs: array<vec2f, 64>;

// Adds up two numbers that a row's lanes hold; each lane gets both sums.
fn sums(thread: u32, value: vec2f) -> vec2f {
  workgroupBarrier();
  pairs[thread] = value;
  workgroupBarrier();
  let first = thread / LANES * LANES;
  var low = vec2f();
  var high = vec2f();
  for (var i = first; i < first + LANES; i += 2u) {
    low += pairs[i];
    high += pairs[i + 1u];
  }
  return low + high;
}

// 1/√v. WGSL grants inverseSqrt an error that would leak relevance through every norm; a Newton step takes it away.
fn reciprocal_root(v: f32) -> f32 {
  let r = inverseSqrt(v);
  return r * (1.5 - 0.5 * (v * r) * r);
}

// x less its mean
fn less_mean(x: f32, own: vec4f) -> f32 { return (x - own.x) - own.y; }

// x̂ · w + b, and the row's moments
@compute @workgroup_size(64)
fn norm(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let start = at.row * args.cols;
  let n = f32(args.cols);
  var total = 0.0;
  var peak = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) {
    total += x[start + i];
    peak = max(peak, abs(x[start + i]));
  }
  let centred = f32(args.centred);
  let mean = centred * sum(thread, total) / n;
  // Squares of numbers this large would overflow.
  let by = select(1.0, 8.271806125530277e-25, largest(thread, peak) > 1e15); // 2⁻⁸⁰
  var left = vec2f();
  for (var i = at.lane; i < at.cols; i += LANES) {
    let d = (x[start + i] - mean) * by;
    left += vec2f(d, d * d);
  }
  left = sums(thread, left) / n;
  left.x *= centred;
  let variance = max(left.y - left.x * left.x, 0.0);
  let square = max(variance + args.eps * by * by, 1e-37); // of a large row that does not vary
  let own = vec4f(mean, left.x / by, reciprocal_root(square) * by, variance / square);
  for (var i = at.lane; i < at.cols; i += LANES) {
    out[start + i] = less_mean(x[start + i], own) * own.z * w[i] + select(0.0, b[i], args.centred > 0u);
  }
  if (at.lane == 0u && at.row < args.rows) { moments[at.row] = own; }
}

// (ĝ − mean ĝ − x̂ · mean(ĝ x̂)) · rstd with ĝ = g · w
@compute @workgroup_size(64)
fn norm_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let start = at.row * args.cols;
  let forward = at.row % args.forward * args.cols;
  let own = moments[at.row % args.forward];
  let n = f32(args.cols);
  var both = vec2f();
  for (var i = at.lane; i < at.cols; i += LANES) {
    let hat = g[start + i] * w[i];
    both += vec2f(hat, hat * less_mean(x[forward + i], own) * own.z);
  }
  both = sums(thread, both) / n;
  let mean = f32(args.centred) * both.x;
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += g[start + i] * w[i] - mean; }
  let rest = f32(args.centred) * sum(thread, total) / n;
  for (var i = at.lane; i < at.cols; i += LANES) {
    let d = (g[start + i] * w[i] - mean) - rest;
    out[start + i] = (d - less_mean(x[forward + i], own) * own.z * both.y) * own.z;
  }
}

// What the plain gradient keeps of a row beyond the bias: [var/(var + eps)] · Σ ĝ x̂
@compute @workgroup_size(64)
fn norm_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let start = at.row * args.cols;
  let forward = at.row % args.forward * args.cols;
  let own = moments[at.row % args.forward];
  var along = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { along += g[start + i] * w[i] * less_mean(x[forward + i], own) * own.z; }
  along = sum(thread, along);
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = own.w * along; }
}
