// lib: exp, rows

// Softmax along each row, half a workgroup a row, over the keys that are not padding.

struct Args { rows: u32, cols: u32, per: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<f32>;

// Row r belongs to text r / per, whose first lengths[r / per] columns count; the others get exactly 0.
@compute @workgroup_size(64)
fn softmax(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let start = at.row * args.cols;
  let n = min(u32(lengths[min(at.row, args.rows - 1u) / args.per]), at.cols);

  var peak = -3.4e38;
  for (var i = at.lane; i < n; i += LANES) { peak = max(peak, x[start + i]); }
  peak = largest(thread, peak);

  var total = 0.0;
  for (var i = at.lane; i < n; i += LANES) { total += exponential(x[start + i] - peak); }
  total = sum(thread, total);

  for (var i = at.lane; i < n; i += LANES) { out[start + i] = exponential(x[start + i] - peak) / total; }
  for (var i = n + at.lane; i < at.cols; i += LANES) { out[start + i] = 0.0; }
}
