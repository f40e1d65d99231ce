// Activations f(x) = x · gate(x), one thread an element, each by three closed forms that do not cancel:
//   gate   f(x)/x, f′(0) at 0      identity rule: g · gate (AttnLRP Eq. 9)
//   slope  f′(x)                   gradient: g · slope
//   lost   f(x) − x f′(x)          what the gradient keeps
// x may be shorter than the output: it is read again from its start every m elements.

struct Args { n: u32, m: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;

fn index(id: vec3u, groups: vec3u) -> u32 { return id.y * groups.x * 64u + id.x; }

// eˣ after Cephes' expf, good to 2 ULP; 0 below −87.3, where the result would be subnormal.
fn exponential(x: f32) -> f32 {
  let v = clamp(x, -87.3, 88.0);
  let n = round(v * 1.44269504);
  let r = v - n * 0.693359375 + n * 2.12194440e-4;
  var p = 1.9875691500e-4;
  p = p * r + 1.3981999507e-3;
  p = p * r + 8.3334519073e-3;
  p = p * r + 4.1665795894e-2;
  p = p * r + 1.6666665459e-1;
  p = p * r + 5.0000001201e-1;
  let scale = bitcast<f32>((i32(n) + 127) << 23u);
  return select((p * r * r + r + 1.0) * scale, 0.0, x < -87.3);
}

// 1 / (1 + e⁻ˣ), with full relative accuracy on both sides.
fn sigmoid(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}

// Φ(x) = ½(1 + erf(x/√2)): e^(x²/2)·Φ(−x) is fitted in 1/(1 + 0.35x).
fn gelu_gate(v: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.35 * abs(v));
  var p = -0.029145965;
  p = p * t + 0.14397186;
  p = p * t - 0.2557146;
  p = p * t + 0.1591746;
  p = p * t - 0.023110094;
  p = p * t + 0.10550811;
  p = p * t + 0.11983284;
  p = p * t + 0.13986187;
  p = p * t + 0.13962141;
  let tail = p * t * exponential(-0.5 * v * v);
  return select(1.0 - tail, tail, v < 0.0);
}
fn normal_density(v: f32) -> f32 { return 0.39894228 * exponential(-0.5 * v * v); }
fn gelu_slope(v: f32) -> f32 { return gelu_gate(v) + v * normal_density(v); }
fn gelu_lost(v: f32) -> f32 { return -v * v * normal_density(v); }

fn gelu_tanh_inner(v: f32) -> f32 { return 1.5957691216 * (v + 0.044715 * v * v * v); } // 2u, as ½(1 + tanh u) = σ(2u)
fn gelu_tanh_bend(v: f32) -> f32 {
  let u = gelu_tanh_inner(v);
  return v * sigmoid(u) * sigmoid(-u) * 1.5957691216 * (1.0 + 0.134145 * v * v);
}
fn gelu_tanh_gate(v: f32) -> f32 { return sigmoid(gelu_tanh_inner(v)); }
fn gelu_tanh_slope(v: f32) -> f32 { return gelu_tanh_gate(v) + gelu_tanh_bend(v); }
fn gelu_tanh_lost(v: f32) -> f32 { return -v * gelu_tanh_bend(v); }

fn silu_gate(v: f32) -> f32 { return sigmoid(v); }
fn silu_slope(v: f32) -> f32 { return sigmoid(v) * (1.0 + v * sigmoid(-v)); }
fn silu_lost(v: f32) -> f32 { return -v * v * sigmoid(v) * sigmoid(-v); }

fn relu_gate(v: f32) -> f32 { return select(0.0, 1.0, v > 0.0); }
fn relu_slope(v: f32) -> f32 { return select(0.0, 1.0, v > 0.0); }
fn relu_lost(_v: f32) -> f32 { return 0.0; }

// tanh(x)/x after Cephes' tanhf, good to 2 ULP; 1 at 0.
fn act_tanh_gate(v: f32) -> f32 {
  let a = abs(v);
  let z = v * v;
  var p = -5.70498872745e-3;
  p = p * z + 2.06390887954e-2;
  p = p * z - 5.37397155531e-2;
  p = p * z + 1.33314422036e-1;
  p = p * z - 3.33332819422e-1;
  if (a < 0.625) { return 1.0 + p * z; }
  return (1.0 - 2.0 / (exponential(2.0 * a) + 1.0)) / a;
}
fn act_tanh_slope(v: f32) -> f32 {
  let e = exponential(-2.0 * abs(v));
  let d = 1.0 + e;
  return 4.0 * e / (d * d);
}
fn act_tanh_lost(v: f32) -> f32 {
  let z = v * v;
  if (z < 0.01) { return v * z * (0.66666667 - z * (0.53333333 - 0.32380952 * z)); }
  return v * (act_tanh_gate(v) - act_tanh_slope(v));
}

@compute @workgroup_size(64)
fn gelu(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = v * gelu_gate(v);
}

@compute @workgroup_size(64)
fn gelu_identity(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * gelu_gate(v);
}

@compute @workgroup_size(64)
fn gelu_grad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * gelu_slope(v);
}

@compute @workgroup_size(64)
fn gelu_kept(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = gelu_lost(v);
}

@compute @workgroup_size(64)
fn gelu_tanh(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = v * gelu_tanh_gate(v);
}

@compute @workgroup_size(64)
fn gelu_tanh_identity(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * gelu_tanh_gate(v);
}

@compute @workgroup_size(64)
fn gelu_tanh_grad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * gelu_tanh_slope(v);
}

@compute @workgroup_size(64)
fn gelu_tanh_kept(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = gelu_tanh_lost(v);
}

@compute @workgroup_size(64)
fn silu(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = v * silu_gate(v);
}

@compute @workgroup_size(64)
fn silu_identity(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * silu_gate(v);
}

@compute @workgroup_size(64)
fn silu_grad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * silu_slope(v);
}

@compute @workgroup_size(64)
fn silu_kept(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = silu_lost(v);
}

@compute @workgroup_size(64)
fn relu(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = v * relu_gate(v);
}

@compute @workgroup_size(64)
fn relu_identity(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * relu_gate(v);
}

@compute @workgroup_size(64)
fn relu_grad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * relu_slope(v);
}

@compute @workgroup_size(64)
fn relu_kept(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = relu_lost(v);
}

@compute @workgroup_size(64)
fn act_tanh(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = v * act_tanh_gate(v);
}

@compute @workgroup_size(64)
fn act_tanh_identity(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * act_tanh_gate(v);
}

@compute @workgroup_size(64)
fn act_tanh_grad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = g[i] * act_tanh_slope(v);
}

@compute @workgroup_size(64)
fn act_tanh_kept(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = index(id, groups);
  if (i >= args.n) { return; }
  let v = x[i % args.m];
  out[i] = act_tanh_lost(v);
}
