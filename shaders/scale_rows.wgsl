// Products of numbers with those of blocks of them. One thread an element.

struct Args { n: u32, width: u32, m: u32, blocks: u32, scale: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> s: array<f32>;

// scale · x · s, each number of s for `width` numbers of x; x has m numbers and s `blocks`, read again from their start.
@compute @workgroup_size(64)
fn scale_rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i < args.n) { out[i] = args.scale * s[i / args.width % args.blocks] * x[i % args.m]; }
}
