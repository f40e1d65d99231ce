// lib: exp, tiles

// Attention without its weights [heads, t, s] in memory: a tile of them at a time, made again in propagation.
//   q: [forward, t, heads·d]   k, v: [forward, s, kv_heads·d]   stats: [forward, heads, 4, t], see lib/stats.wgsl
// Heads in groups of heads / kv_heads that follow one another share keys and values.

struct Args {
  batch: u32, heads: u32, kv_heads: u32, t: u32, s: u32, d: u32, forward: u32, shifted: u32, before: u32, after: u32, scale: f32
}

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<f32>;
@group(0) @binding(4) var<storage, read> k: array<f32>;
@group(0) @binding(5) var<storage, read> v: array<f32>;
@group(0) @binding(6) var<storage, read> lengths: array<f32>;
@group(0) @binding(7) var<storage, read> offsets: array<f32>;

fn value_of(tensor: u32, i: u32) -> f32 {
  switch tensor {
    case Q: { return q[i]; }
    case K: { return k[i]; }
    default: { return v[i]; }
  }
}

fn put(_to: u32, i: u32, value: f32) { out[i] = value; }

// softmax(scale · q · kᵀ) · v over those of the first lengths[text] keys that lie from `before` before a row's own place to
// `after` after it; row r is at r, and if `shifted` at r + offsets[text].
@compute @workgroup_size(8, 8)
fn attend(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let text = group.z / args.heads;
  let h = group.z % args.heads;
  let kv = h / (args.heads / args.kv_heads);
  let queries = rows_of(Q, text, args.heads, h, group.y * 32u, args.t);
  let n = min(u32(lengths[text]), args.s);

  // The keys that the thread's four rows see, and all that the tile's do.
  let offset = u32(offsets[text]) * args.shifted;
  let own = offset + queries.first + lane / 8u * 4u + vec4u(0, 1, 2, 3);
  let ends = min(vec4u(n), own + args.after + 1u);
  let starts = min(own - min(own, vec4u(args.before)), ends);
  let head = offset + queries.first;
  let tail = offset + min(queries.first + 31u, args.t - 1u);
  let end = min(n, tail + args.after + 1u);

  var sum: Block;
  var peak = vec4f(-3.4e38);
  var total = vec4f();
  for (var first = min(head - min(head, args.before), end); first < end; first += 32u) {
    let col = first + lane % 8u * 4u + vec4u(0, 1, 2, 3);
    let keys = rows_of(K, text, args.kv_heads, kv, first, args.s);
    var s = args.scale * product(lane, queries, keys);
    var most = peak;
    for (var i = 0u; i < 4u; i++) {
      s[i] = select(vec4f(-3.4e38), s[i], (col >= vec4u(starts[i])) & (col < vec4u(ends[i])));
      most[i] = max(peak[i], max(max(s[i].x, s[i].y), max(s[i].z, s[i].w)));
    }
    lanes[lane] = most;
    workgroupBarrier();
    for (var i = 0u; i < 8u; i++) { most = max(most, lanes[lane / 8u * 8u + i]); }

    // What there is so far is of the old peak.
    let less = exponentials(peak - most);
    peak = most;
    total *= less;
    for (var i = 0u; i < 4u; i++) {
      let seen = (col >= vec4u(starts[i])) & (col < vec4u(ends[i]));
      sum.near[i] *= less[i];
      sum.far[i] *= less[i];
      s[i] = select(vec4f(), exponentials(s[i] - peak[i]), seen);
      total[i] += dot(s[i], vec4f(1.0));
    }
    accumulate(lane, &sum, s, rows_of(V, text, args.kv_heads, kv, first, args.s), group.x * 64u);
  }

  total = across(lane, total);
  for (var i = 0u; i < 4u; i++) {
    let part = select(0.0, 1.0 / total[i], total[i] > 0.0);
    sum.near[i] *= part;
    sum.far[i] *= part;
    let row = queries.first + lane / 8u * 4u + i;
    if (group.x > 0u || lane % 8u > 0u || row >= args.t) { continue; }
    let to = group.z * 4u * args.t + row;
    stats[to] = peak[i];
    stats[to + args.t] = total[i];
    stats[to + 2u * args.t] = f32(starts[i]);
    stats[to + 3u * args.t] = f32(ends[i]);
  }
  store(lane, sum, 1.0, queries, group.x * 64u, 0u);
}
