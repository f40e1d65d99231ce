// lib: rows

// Sums along rows, half a workgroup a row.

struct Args { rows: u32, cols: u32, b_rows: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;

// Σ a · b along each row; b may have fewer rows and is then read again from its start.
@compute @workgroup_size(64)
fn dot_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let left = at.row * args.cols;
  let right = (at.row % args.b_rows) * args.cols;
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += a[left + i] * b[right + i]; }
  total = sum(thread, total);
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = total; }
}

// 1 / max(√Σ a², 1e-12) of each row, as PyTorch normalises; a Newton step takes away the error that WGSL grants inverseSqrt.
@compute @workgroup_size(64)
fn reciprocal_norm(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let left = at.row * args.cols;
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += a[left + i] * a[left + i]; }
  total = sum(thread, total);
  let r = inverseSqrt(max(total, 1e-24));
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = r * (1.5 - 0.5 * (max(total, 1e-24) * r) * r); }
}
