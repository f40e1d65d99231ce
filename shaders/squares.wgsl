// What the squares of keys are propagated by. One thread an element.

struct Args { n: u32, width: u32, m: u32, scale: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;

// scale · x · g, each number of g for `width` numbers of x, which are read again from their start every m.
@compute @workgroup_size(64)
fn times_blocks(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i < args.n) { out[i] = args.scale * g[i / args.width] * x[i % args.m]; }
}
