// lib: exp, tiles, stats

// The queries' gradient of attend(), under a share of the gradient for each factor of its products, `context` and `scores`.
//   q: [forward, t, heads·d]   k, v: [forward, s, kv_heads·d]   g: [batch, t, heads·d]
//   sums: [batch, heads, 2, t]   taylor: [batch, heads, t]
// Gradients may be of several times the texts of the forward pass; text i then belongs to text i % forward.

struct Args {
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, forward: u32, scale: f32, context: f32, scores: f32
}

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<storage, read_write> taylor: array<f32>;
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

fn put(_to: u32, i: u32, value: f32) { out[i] = value; }

// g_S · k with g_S the scores' gradient; for each row Σ p · g_p, of whose two numbers the second is 0 here, and what softmax keeps of g_p = context · g · vᵀ
@compute @workgroup_size(8, 8)
fn attend_queries(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.z / args.heads;
  let text = i % args.forward;
  let h = group.z % args.heads;
  let kv = h / (args.heads / args.kv_heads);
  let queries = rows_of(Q, text, args.heads, h, group.y * 32u, args.t);
  let gradient = rows_of(G, i, args.heads, h, group.y * 32u, args.t);
  let start = stats_of(text, h);
  let row = queries.first + lane / 8u * 4u + vec4u(0, 1, 2, 3);
  let own = read_stats(start, row);
  let begin = first_key(start, queries.first);
  let end = end_key(start, queries.first);

  // Once for the sums along whole rows, then for the gradient that needs them.
  var means = vec4f();
  var plain = vec4f();
  var both = vec4f();
  var sum: Block;
  for (var turn = 0u; turn < 2u; turn++) {
    for (var first = begin; first < end; first += 32u) {
      let col = first + lane % 8u * 4u + vec4u(0, 1, 2, 3);
      let keys = rows_of(K, text, args.kv_heads, kv, first, args.s);
      let s = args.scale * product(lane, queries, keys);
      var gp = args.context * product(lane, gradient, rows_of(V, text, args.kv_heads, kv, first, args.s));
      for (var r = 0u; r < 4u; r++) {
        let u = s[r] - own.peak[r];
        let seen = (col >= vec4u(own.first[r])) & (col < vec4u(own.end[r]));
        let p = select(vec4f(), exponentials(u) / own.total[r], seen);
        if (turn == 0u) {
          means[r] += dot(p, gp[r]);
          plain[r] += dot(p, u);
          both[r] += dot(p * gp[r], u);
        }
        gp[r] = p * (gp[r] - means[r]);
      }
      if (turn == 1u) { accumulate(lane, &sum, gp, keys, group.x * 64u); }
    }
    if (turn == 0u) {
      means = across(lane, means);
      plain = across(lane, plain);
      both = across(lane, both);
    }
  }

  // Σ g p (1 − ln p + Σ p ln p): as Σ p = 1, the scores less their peak do for ln p.
  let kept = means * (1.0 + plain) - both;
  let to = group.z * args.t + row;
  for (var r = 0u; r < 4u; r++) {
    if (group.x > 0u || lane % 8u > 0u || row[r] >= args.t) { continue; }
    sums[to[r] + group.z * args.t] = means[r];
    sums[to[r] + (group.z + 1u) * args.t] = 0.0;
    taylor[to[r]] = kept[r];
  }
  let target_rows = rows_of(Q, i, args.heads, h, queries.first, args.t);
  store(lane, sum, args.scale * args.scores, target_rows, group.x * 64u, 0u);
}
