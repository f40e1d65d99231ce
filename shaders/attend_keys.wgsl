// lib: exp, tiles, stats

// The keys' and the values' gradients of attend(), of all heads that share them, with the shares of attend_queries.wgsl.
//   q: [forward, t, heads·d]   k, v: [forward, s, kv_heads·d]   g: [batch, t, heads·d]   sums: [batch, heads, 2, t]
// Gradients may be of several times the texts of the forward pass; text i then belongs to text i % forward.

struct Args {
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32, context: f32, scores: f32
}

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> to_values: array<f32>;
@group(0) @binding(3) var<storage, read> sums: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> q: array<f32>;
@group(0) @binding(6) var<storage, read> k: array<f32>;
@group(0) @binding(7) var<storage, read> v: array<f32>;
@group(0) @binding(8) var<storage, read> g: array<f32>;

fn value_of(tensor: u32, i: u32) -> f32 {
  switch tensor {
    case Q: { return q[i]; }
    case K: { return k[i]; }
    case V: { return v[i]; }
    default: { return g[i]; }
  }
}

fn put(to: u32, i: u32, value: f32) {
  if (to == K) { out[i] = value; } else { to_values[i] = value; }
}

// g_Sᵀ · q, and context · pᵀ · g
@compute @workgroup_size(8, 8)
fn attend_keys(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.z / args.kv_heads;
  let text = i % args.forward;
  let kv = group.z % args.kv_heads;
  let each = args.heads / args.kv_heads;
  let keys = rows_of(K, text, args.kv_heads, kv, group.y * 32u, args.s);
  let values = rows_of(V, text, args.kv_heads, kv, group.y * 32u, args.s);

  var sum: Block;
  var values_sum: Block;
  for (var h = kv * each; h < (kv + 1u) * each; h++) {
    let start = stats_of(text, h);
    let means_start = (i * args.heads + h) * 2u * args.t;
    for (var first = 0u; first < args.t; first += 32u) {
      if (first_key(start, first) >= keys.first + 32u || end_key(start, first) <= keys.first) { continue; }
      let col = first + lane % 8u * 4u + vec4u(0, 1, 2, 3);
      let own = read_stats(start, col);
      let j = means_start + min(col, vec4u(args.t - 1u));
      let means = vec4f(sums[j.x], sums[j.y], sums[j.z], sums[j.w]);
      let queries = rows_of(Q, text, args.heads, h, first, args.t);
      let gradient = rows_of(G, i, args.heads, h, first, args.t);
      var p = args.scale * product(lane, keys, queries);
      var gs = args.context * product(lane, values, gradient);
      for (var r = 0u; r < 4u; r++) {
        let key = vec4u(keys.first + lane / 8u * 4u + r);
        let seen = (key >= own.first) & (key < own.end) & (col < vec4u(args.t));
        p[r] = select(vec4f(), exponentials(p[r] - own.peak) / own.total, seen);
        gs[r] = p[r] * (gs[r] - means);
      }
      accumulate(lane, &values_sum, p, gradient, group.x * 64u);
      accumulate(lane, &sum, gs, queries, group.x * 64u);
    }
  }
  let to = rows_of(K, i, args.kv_heads, kv, keys.first, args.s);
  store(lane, sum, args.scale * args.scores, to, group.x * 64u, K);
  store(lane, values_sum, args.context, to, group.x * 64u, V);
}
