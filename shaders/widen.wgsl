// Numbers of 16 bits as f32, exactly, one thread two of them.

struct Args { n: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<u32>;

// By integers, for a GPU may take a subnormal for zero.
fn f16(h: u32) -> f32 {
  let rest = h & 0x7fffu;
  let sign = (h & 0x8000u) << 16u;
  if (rest < 0x400u) { return select(1.0, -1.0, sign != 0u) * f32(rest) * 0x1p-24f; }
  return bitcast<f32>(sign | ((rest << 13u) + 0x38000000u));
}

@compute @workgroup_size(64)
fn widen_f16(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (2u * i >= args.n) { return; }
  out[2u * i] = f16(x[i] & 0xffffu);
  if (2u * i + 1u < args.n) { out[2u * i + 1u] = f16(x[i] >> 16u); }
}

@compute @workgroup_size(64)
fn widen_bf16(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (2u * i >= args.n) { return; }
  out[2u * i] = bitcast<f32>(x[i] << 16u);
  if (2u * i + 1u < args.n) { out[2u * i + 1u] = bitcast<f32>(x[i] & 0xffff0000u); }
}
