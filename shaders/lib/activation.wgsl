// lib: math

// The kernels of an activation, one thread an element. A file of shaders/activations/ has its closed forms:
//   f      the activation itself
//   gate   (f(x) − f(0)) / x, f′(0) at 0    the identity rule sends g · gate (AttnLRP Eq. 9) and keeps f(0)
//   slope  f′(x), at kinks as PyTorch's     the gradient rule sends g · slope
//   lost   f(x) − x f′(x)                   and keeps this
// x may be shorter than the output: it is read again from its start every m elements.

struct Args { n: u32, m: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;

fn index(id: vec3u, groups: vec3u) -> u32 { return id.y * groups.x * 64u + id.x; }

@compute @workgroup_size(64)
fn _value(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = select(f(v), v, is_nan(v)); // max() and clamp() may lose a NaN
}

@compute @workgroup_size(64)
fn _identity(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i < args.n) { out[i] = g[i] * gate(x[i % args.m]); }
}

@compute @workgroup_size(64)
fn _grad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i < args.n) { out[i] = g[i] * slope(x[i % args.m]); }
}

@compute @workgroup_size(64)
fn _kept(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i < args.n) { out[i] = lost(x[i % args.m]); }
}
