// Rows that outlive a run, one thread an element.

struct Args { rows: u32, n: u32, cols: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> position: array<f32>;

// The rows of x in place of those of out from number position[0] on, as far as out has them.
@compute @workgroup_size(64)
fn write_rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n * args.cols) { return; }
  let row = u32(position[0]) + i / args.cols;
  if (row < args.rows) { out[row * args.cols + i % args.cols] = x[i]; }
}
