// Numbers by distance as numbers by pair: from how far apart two tokens are to which two, and back. One thread an element.
//   by distance: [batch, t, 2t − 1], the distance 0 at t − 1   by pair: [batch, t, t]
// A row by distance belongs to the first token of a pair, or to the second if `keys`.

struct Args { n: u32, t: u32, keys: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;

@compute @workgroup_size(64)
fn relative_shift(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.y * groups.x * 64u + id.x;
  if (e >= args.n) { return; }
  let t = args.t;
  let i = e / t % t;
  let j = e % t;
  let row = e / (t * t) * t + select(i, j, args.keys > 0u);
  out[e] = x[row * (2u * t - 1u) + i + t - 1u - j];
}

// The transpose: distances that no pair has get 0.
@compute @workgroup_size(64)
fn relative_unshift(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.y * groups.x * 64u + id.x;
  if (e >= args.n) { return; }
  let t = args.t;
  let c = e % (2u * t - 1u);
  let row = e / (2u * t - 1u);
  let own = row % t;
  let other = select(own + t - 1u - c, own + c - (t - 1u), args.keys > 0u); // beyond t if negative
  let at = row / t * t * t + select(own * t + other, other * t + own, args.keys > 0u);
  out[e] = 0.0;
  if (other < t) { out[e] = x[at]; }
}
