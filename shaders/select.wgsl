// Selects rows, one thread an element of the output.

struct Args { batch: u32, t: u32, cols: u32, index: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;

// Row `index` of each text: [batch, t, cols] → [batch, cols].
@compute @workgroup_size(64)
fn select_row(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.batch * args.cols) { return; }
  out[i] = x[((i / args.cols) * args.t + args.index) * args.cols + i % args.cols];
}

// The reverse: zeros but for row `index` of each text.
@compute @workgroup_size(64)
fn scatter_row(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.batch * args.t * args.cols) { return; }
  let row = i / args.cols;
  let source = (row / args.t) * args.cols + i % args.cols;
  out[i] = select(0.0, x[source], row % args.t == args.index);
}
