// lib: exp, tiles, stats

// The values' gradient of attend(): of all heads that share them.
//   q: [forward, t, heads·d]   k: [forward, s, kv_heads·d]   g: [batch, t, heads·d]
// Gradients may be of several times the texts of the forward pass; text i then belongs to text i % forward.

struct Args { batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<f32>;
@group(0) @binding(4) var<storage, read> k: array<f32>;
@group(0) @binding(5) var<storage, read> g: array<f32>;

fn value_of(tensor: u32, i: u32) -> f32 {
  switch tensor {
    case Q: { return q[i]; }
    case K: { return k[i]; }
    default: { return g[i]; }
  }
}

fn put(_to: u32, i: u32, value: f32) { out[i] = value; }

// pᵀ · g
@compute @workgroup_size(8, 8)
fn attend_values(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.z / args.kv_heads;
  let text = i % args.forward;
  let kv = group.z % args.kv_heads;
  let each = args.heads / args.kv_heads;
  let keys = rows_of(K, text, args.kv_heads, kv, group.y * 32u, args.s);

  var sum: Block;
  for (var h = kv * each; h < (kv + 1u) * each; h++) {
    let start = stats_of(text, h);
    for (var first = 0u; first < args.t; first += 32u) {
      if (first_key(start, first) >= keys.first + 32u || end_key(start, first) <= keys.first) { continue; }
      let col = first + lane % 8u * 4u + vec4u(0, 1, 2, 3);
      let own = read_stats(start, col);
      var p = args.scale * product(lane, keys, rows_of(Q, text, args.heads, h, first, args.t));
      for (var r = 0u; r < 4u; r++) {
        let key = vec4u(keys.first + lane / 8u * 4u + r);
        let seen = (key >= own.first) & (key < own.end) & (col < vec4u(args.t));
        p[r] = select(vec4f(), exponentials(p[r] - own.peak) / own.total, seen);
      }
      accumulate(lane, &sum, p, rows_of(G, i, args.heads, h, first, args.t), group.x * 64u);
    }
  }
  store(lane, sum, 1.0, rows_of(K, i, args.kv_heads, kv, keys.first, args.s), group.x * 64u, 0u);
}
