// lib: tanh

// The soft cap, cap · tanh(x / cap), and what its rules need, one thread an element: see lib/activation.wgsl.
// x may be shorter than the output: it is read again from its start every m elements.

struct Args { n: u32, m: u32, cap: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;

fn index(id: vec3u, groups: vec3u) -> u32 { return id.y * groups.x * 64u + id.x; }

@compute @workgroup_size(64)
fn soft_cap(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = v * tanh_ratio(v / args.cap);
}

@compute @workgroup_size(64)
fn soft_cap_identity(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i < args.n) { out[i] = g[i] * tanh_ratio(x[i % args.m] / args.cap); }
}

@compute @workgroup_size(64)
fn soft_cap_grad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i < args.n) { out[i] = g[i] * tanh_slope(x[i % args.m] / args.cap); }
}

@compute @workgroup_size(64)
fn soft_cap_kept(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i < args.n) { out[i] = args.cap * tanh_lost(x[i % args.m] / args.cap); }
}
