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
  // Four chains round less than one.
  var total = vec4f();
  var i = 0u;
  for (; i + 4u <= args.cols; i += 4u) {
    let u = vec4f(a[left + i], a[left + i + 1u], a[left + i + 2u], a[left + i + 3u]);
    let v = vec4f(b[right + i], b[right + i + 1u], b[right + i + 2u], b[right + i + 3u]);
    total += u * v;
  }
  for (; i < args.cols; i++) { total.x += a[left + i] * b[right + i]; }
  out[r] = (total.x + total.y) + (total.z + total.w);
}
