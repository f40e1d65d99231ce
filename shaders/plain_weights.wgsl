// Attention without softmax: scores themselves as weights. One thread an element.

struct Args { rows: u32, cols: u32, per: u32, texts: u32, t: u32, shifted: u32, before: u32, after: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<f32>;
@group(0) @binding(4) var<storage, read> offsets: array<f32>;

// Each row of x [rows, cols] over the number of columns that it sees, 0 elsewhere: of the first lengths[text] columns those
// from `before` before a row's own place to `after` after it: that is column r % t, and if `shifted` so many more as
// offsets[text] says. Row r belongs to text r / per, of as many `texts` as lengths has.
@compute @workgroup_size(64)
fn plain_weights(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.y * groups.x * 64u + id.x;
  if (e >= args.rows * args.cols) { return; }
  let r = e / args.cols;
  let j = e % args.cols;
  let text = r / args.per % args.texts;
  let own = r % args.t + args.shifted * u32(offsets[text]);
  let n = min(min(u32(lengths[text]), args.cols), own + args.after + 1u);
  let start = min(own - min(own, args.before), n);
  out[e] = 0.0;
  if (j >= start && j < n) { out[e] = x[e] / f32(n - start); }
}
