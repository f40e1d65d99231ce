// lib: product

struct Args { rows: u32, cols: u32, depth: u32 }

@group(0) @binding(3) var<storage, read> w: array<vec4f>;

fn w4(at: u32, n: u32) -> vec4f {
  if (ALIGNED) { return w[at / 4u]; }
  var v = vec4f();
  for (var i = 0u; i < min(n, 4u); i++) { v[i] = w[(at + i) / 4u][(at + i) % 4u]; }
  return v;
}

// x · wᵀ
@compute @workgroup_size(SIDE, DOWN, LAYERS)
fn linear(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  product(group, id, false);
  for (var e = 0u; e < COUNT; e++) {
    let i = spot(e);
    if (i.x < NOWHERE) { out[i.x] = value(e); }
  }
}
