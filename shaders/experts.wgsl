// lib: experts

struct Args { rows: u32, cols: u32, depth: u32, each: u32, begin: u32, stack: u32, slots: u32, forward: u32 }

@group(0) @binding(3) var<storage, read> w: array<f32>;

fn number(i: u32) -> f32 { return w[i]; }

@compute @workgroup_size(8, 8)
fn linear_experts(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) { forward(group, id); }

@compute @workgroup_size(8, 8)
fn linear_experts_grad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) { backward(group, id); }
