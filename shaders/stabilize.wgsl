// The ε rule's arithmetic, one thread an element. y may be shorter than g: it is read again from its start every m
// elements.

struct Args { n: u32, m: u32, eps: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;

// eps with the sign of v; the sign of 0 is +.
fn signed(v: f32) -> f32 { return select(args.eps, -args.eps, v < 0.0); }

// g · y / (y ± eps)
@compute @workgroup_size(64)
fn stabilize(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n) { return; }
  let v = y[i % args.m];
  out[i] = g[i] * v / (v + signed(v));
}

// ± eps
@compute @workgroup_size(64)
fn stabilizer(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i < args.n) { out[i] = signed(y[i % args.m]); }
}
