// lib: narrow, product

// Dense layers with narrow weights, which are decoded as they are read.

struct Args {
  rows: u32, cols: u32, depth: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32,
  keep: f32, more: f32, sign: f32,
}

@group(0) @binding(3) var<storage, read> w: array<u32>;

fn w4(at: u32, n: u32) -> vec4f { return four(at, n); }

// x · wᵀ
@compute @workgroup_size(SIDE, DOWN, LAYERS)
fn linear_narrow(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  product(group, id, false);
  for (var e = 0u; e < COUNT; e++) {
    let i = spot(e);
    if (i.x < NOWHERE) { out[i.x] = value(e); }
  }
}
