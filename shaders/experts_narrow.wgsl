// lib: narrow, experts

struct Args {
  rows: u32, cols: u32, depth: u32, each: u32, begin: u32, stack: u32, slots: u32, forward: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32,
  keep: f32, more: f32, sign: f32,
}

@group(0) @binding(3) var<storage, read> w: array<u32>;

@compute @workgroup_size(8, 8)
fn linear_experts_narrow(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) { forward(group, id); }

@compute @workgroup_size(8, 8)
fn linear_experts_narrow_grad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) { backward(group, id); }
