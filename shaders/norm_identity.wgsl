// lib: rows

// A norm's rule that holds the deviation constant: of the forward pass it reads only the rows' moments, see
// norm.wgsl.

struct Args { rows: u32, cols: u32, forward: u32, eps: f32, centred: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> moments: array<vec4f>;
@group(0) @binding(3) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<storage, read> g: array<f32>;

// (ĝ − mean ĝ) · rstd with ĝ = g · w: the deviation held constant, only the mean couples the columns.
@compute @workgroup_size(64)
fn norm_identity(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let start = at.row * args.cols;
  let rstd = moments[at.row % args.forward].z;
  let n = f32(args.cols);
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += g[start + i] * w[i]; }
  let mean = f32(args.centred) * sum(thread, total) / n;
  total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += g[start + i] * w[i] - mean; }
  let rest = f32(args.centred) * sum(thread, total) / n;
  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = ((g[start + i] * w[i] - mean) - rest) * rstd; }
}
