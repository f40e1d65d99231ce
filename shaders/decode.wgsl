// lib: narrow

// Narrow weights in f32, one thread a number.

struct Args {
  n: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32,
  keep: f32, more: f32, sign: f32,
}

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> w: array<u32>;

@compute @workgroup_size(64)
fn decode(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i < args.n) { out[i] = number(i); }
}
