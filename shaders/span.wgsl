// Rows of attention's softmax that see only keys near them: causal and local attention.
//   x: [batch, …, t, cols]   lengths: [batch]

struct Args { rows: u32, cols: u32, per: u32, t: u32, before: u32, after: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<f32>;

const LANES = 32u; // threads a row has, of the 64 of a workgroup
var<workgroup> lanes: array<f32, 64>;

// Adds up what a row's lanes hold; each gets the sum.
fn sum(thread: u32, value: f32) -> f32 {
  workgroupBarrier();
  lanes[thread] = value;
  workgroupBarrier();
  let first = thread / LANES * LANES;
  var total = vec4f();
  for (var i = first; i < first + LANES; i += 4u) {
    total += vec4f(lanes[i], lanes[i + 1u], lanes[i + 2u], lanes[i + 3u]);
  }
  return (total.x + total.y) + (total.z + total.w);
}

fn largest(thread: u32, value: f32) -> f32 {
  workgroupBarrier();
  lanes[thread] = value;
  workgroupBarrier();
  var peak = value;
  for (var i = thread / LANES * LANES; i < (thread / LANES + 1u) * LANES; i++) { peak = max(peak, lanes[i]); }
  return peak;
}

// eˣ after Cephes' expf, good to 2 ULP; 0 below −87.3, where the result would be subnormal; NaN, which clamp() may lose, as it is.
fn exponential(x: f32) -> f32 {
  let v = clamp(x, -87.3, 88.0);
  let n = round(v * 1.44269504);
  let r = v - n * 0.693359375 + n * 2.12194440e-4;
  var p = 1.9875691500e-4;
  p = p * r + 1.3981999507e-3;
  p = p * r + 8.3334519073e-3;
  p = p * r + 4.1665795894e-2;
  p = p * r + 1.6666665459e-1;
  p = p * r + 5.0000001201e-1;
  let scale = bitcast<f32>((i32(n) + 127) << 23u);
  let y = select((p * r * r + r + 1.0) * scale, 0.0, x < -87.3);
  return select(y, x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
}

// Softmax over those of the first lengths[r / per] columns that lie from `before` before column r % t to `after` after it.
@compute @workgroup_size(64)
fn softmax_span(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = (group.y * groups.x + group.x) * (64u / LANES) + thread / LANES;
  let row = min(r, args.rows - 1u);
  let end = select(0u, args.cols, r < args.rows);
  let lane = thread % LANES;
  let start = row * args.cols;
  let own = row % args.t;
  let n = min(min(u32(lengths[row / args.per]), end), own + args.after + 1u);
  let first = min(own - min(own, args.before), n);

  var peak = -3.4e38;
  for (var i = first + lane; i < n; i += LANES) { peak = max(peak, x[start + i]); }
  peak = largest(thread, peak);

  var total = 0.0;
  for (var i = first + lane; i < n; i += LANES) { total += exponential(x[start + i] - peak); }
  total = sum(thread, total);

  for (var i = lane; i < end; i += LANES) {
    out[start + i] = select(0.0, exponential(x[start + i] - peak) / total, i >= first && i < n);
  }
}
