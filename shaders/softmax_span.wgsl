// lib: exp, rows

// Rows of attention's softmax that see only keys near them: causal and local attention.
//   x: [batch, …, t, cols]   lengths, offsets: [batch]

struct Args { rows: u32, cols: u32, per: u32, t: u32, shifted: u32, before: u32, after: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<f32>;
@group(0) @binding(4) var<storage, read> offsets: array<f32>;

// Softmax over those of the first lengths[r / per] columns that lie from `before` before a row's own place to `after` after
// it: that is column r % t, and if `shifted` so many more as offsets[r / per] says.
@compute @workgroup_size(64)
fn softmax_span(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let start = at.row * args.cols;
  let text = min(at.row, args.rows - 1u) / args.per;
  let own = at.row % args.t + args.shifted * u32(offsets[text]);
  let n = min(min(u32(lengths[text]), at.cols), own + args.after + 1u);
  let first = min(own - min(own, args.before), n);

  var peak = -3.4e38;
  for (var i = first + at.lane; i < n; i += LANES) { peak = max(peak, x[start + i]); }
  peak = largest(thread, peak);

  var total = 0.0;
  for (var i = first + at.lane; i < n; i += LANES) { total += exponential(x[start + i] - peak); }
  total = sum(thread, total);

  for (var i = at.lane; i < at.cols; i += LANES) {
    out[start + i] = select(0.0, exponential(x[start + i] - peak) / total, i >= first && i < n);
  }
}
