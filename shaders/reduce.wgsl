// Sums along rows, one thread a row.

struct Args { rows: u32, cols: u32, b_rows: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;

// Σ a · b along each row; b may have fewer rows and is then read again from its start.
@compute @workgroup_size(64)
fn dot_rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let r = id.y * groups.x * 64u + id.x;
  if (r >= args.rows) { return; }
  let left = r * args.cols;
  let right = (r % args.b_rows) * args.cols;
  var total = 0.0;
  for (var i = 0u; i < args.cols; i++) { total += a[left + i] * b[right + i]; }
  out[r] = total;
}
