// A product number by number, one thread an element.

struct Args { n: u32, m: u32, scale: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;

// scale · a · b, b read again from its start every m elements
@compute @workgroup_size(64)
fn mul(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i < args.n) { out[i] = args.scale * a[i] * b[i % args.m]; }
}
