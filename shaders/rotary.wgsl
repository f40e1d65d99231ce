// Rotary positions (Su et al., 2021), one thread an element: in each head, pairs of the first `turned` numbers are turned
// by an angle of their token's place and multiplied by `share`, the others by `rest`. A pair is a number and the one half
// of them further, or, of `neighbours`, the next one.
//   x: [batch, t, width]   angles: [rows, turned], cosines and then sines, half of each

struct Args { n: u32, rows: u32, width: u32, head: u32, turned: u32, neighbours: u32, sign: f32, share: f32, rest: f32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> angles: array<f32>;

@compute @workgroup_size(64)
fn rotate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.y * groups.x * 64u + id.x;
  if (e >= args.n) { return; }
  let k = e % args.width % args.head;
  if (k >= args.turned) {
    out[e] = args.rest * x[e];
    return;
  }
  let half = args.turned / 2u;
  let near = args.neighbours == 1u;
  let apart = select(half, 1u, near);
  let first = select(k < half, k % 2u == 0u, near);
  let at = e / args.width % args.rows * args.turned + select(k % half, k / 2u, near);
  let other = select(x[e - min(e, apart)], -x[min(e + apart, args.n - 1u)], first);
  out[e] = args.share * (x[e] * angles[at] + args.sign * other * angles[at + half]);
}
