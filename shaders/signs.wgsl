// What rules that tell signs apart are made of, one thread an element. z, den and x may be shorter than g: they are read
// again from their start every m elements.

struct Args { n: u32, m: u32, keep: f32, more: f32, sign: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> den: array<f32>;
@group(0) @binding(4) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> g: array<f32>;

// keep · x + more · (x's positive part, or its negative one if sign < 0)
@compute @workgroup_size(64)
fn scaled_clamp(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n) { return; }
  let part = select(min(x[i], 0.0), max(x[i], 0.0), args.sign > 0.0);
  out[i] = args.keep * x[i] + args.more * part;
}

// more · g · z / den where z has the sign, or, if that is 0, where den is not 0; elsewhere 0
@compute @workgroup_size(64)
fn share(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n) { return; }
  let part = z[i % args.m];
  let whole = den[i % args.m];
  let there = select(part * args.sign > 0.0, whole != 0.0, args.sign == 0.0);
  out[i] = select(0.0, args.more * g[i] * part / whole, there);
}

// a where x > 0, else b
@compute @workgroup_size(64)
fn where_positive(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i < args.n) { out[i] = select(b[i], a[i], x[i % args.m] > 0.0); }
}
