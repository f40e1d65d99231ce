// Rotary positions (Su et al., 2021), one thread an element: in each head, number k and the one half a head further are
// turned together by an angle of their token's place.
//   x: [batch, t, width]   angles: [t, head], cosines and then sines, half a head of each

struct Args { n: u32, t: u32, width: u32, head: u32, sign: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> angles: array<f32>;

@compute @workgroup_size(64)
fn rotate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.y * groups.x * 64u + id.x;
  if (e >= args.n) { return; }
  let half = args.head / 2u;
  let k = e % args.width % args.head;
  let at = e / args.width % args.t * args.head + k % half;
  let other = select(x[e - min(e, half)], -x[min(e + half, args.n - 1u)], k < half);
  out[e] = x[e] * angles[at] + args.sign * other * angles[at + half];
}
