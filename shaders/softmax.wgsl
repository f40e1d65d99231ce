// Softmax along each row, half a workgroup a row, over the keys that are not padding.

struct Args { rows: u32, cols: u32, per: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;

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

// ln x for normal x > 0 after Cephes' logf, good to 2 ULP.
fn logarithm(x: f32) -> f32 {
  let bits = bitcast<i32>(x);
  var e = (bits >> 23u) - 126;
  var m = bitcast<f32>((bits & 0x007fffff) | 0x3f000000); // [½, 1)
  if (m < 0.707106781) {
    e -= 1;
    m += m;
  }
  let r = m - 1.0;
  let z = r * r;
  var p = 7.0376836292e-2;
  p = p * r - 1.1514610310e-1;
  p = p * r + 1.1676998740e-1;
  p = p * r - 1.2420140846e-1;
  p = p * r + 1.4249322787e-1;
  p = p * r - 1.6668057665e-1;
  p = p * r + 2.0000714765e-1;
  p = p * r - 2.4999993993e-1;
  p = p * r + 3.3333331174e-1;
  let n = f32(e);
  return n * 0.693359375 + (r + (p * r * z - n * 2.12194440e-4 - 0.5 * z));
}

// The row a thread works on, how many of its columns, and the first of them.
struct Place { row: u32, cols: u32, lane: u32 }
fn place(group: vec3u, groups: vec3u, thread: u32) -> Place {
  let row = (group.y * groups.x + group.x) * (64u / LANES) + thread / LANES;
  return Place(row, select(0u, args.cols, row < args.rows), thread % LANES);
}

// Row r belongs to text r / per, whose first b[r / per] columns count; the others get exactly 0.
@compute @workgroup_size(64)
fn softmax(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let n = min(u32(b[min(at.row, args.rows - 1u) / args.per]), at.cols);

  var peak = -3.4e38;
  for (var i = at.lane; i < n; i += LANES) { peak = max(peak, a[start + i]); }
  peak = largest(thread, peak);

  var total = 0.0;
  for (var i = at.lane; i < n; i += LANES) { total += exponential(a[start + i] - peak); }
  total = sum(thread, total);

  for (var i = at.lane; i < n; i += LANES) { out[start + i] = exponential(a[start + i] - peak) / total; }
  for (var i = n + at.lane; i < at.cols; i += LANES) { out[start + i] = 0.0; }
}

// From softmax's own output a and the gradient b of it: a · (b − Σ a b). Here `per` is the rows of the forward pass.
@compute @workgroup_size(64)
fn softmax_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let forward = (at.row % args.per) * args.cols;

  var mean = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { mean += a[forward + i] * b[start + i]; }
  mean = sum(thread, mean);
  // Where one weight is nearly 1 its gradient less the mean is small, and what rounding left of the mean would be all of it.
  var rest = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { rest += a[forward + i] * (b[start + i] - mean); }
  rest = sum(thread, rest);

  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = a[forward + i] * ((b[start + i] - mean) - rest); }
}

// What a row keeps: Σ b a (1 − ln a + Σ a ln a), the Taylor bias of softmax from a alone; a ln a = 0 at a = 0.
@compute @workgroup_size(64)
fn softmax_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let start = at.row * args.cols;
  let forward = (at.row % args.per) * args.cols;

  var entropy = 0.0;
  var plain = 0.0;
  var curved = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) {
    let p = a[forward + i];
    if (p >= 1.17549435e-38) {
      let l = logarithm(p);
      let gp = b[start + i] * p;
      entropy -= p * l;
      plain += gp;
      curved += gp * l;
    }
  }
  entropy = sum(thread, entropy);
  plain = sum(thread, plain);
  curved = sum(thread, curved);
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = plain * (1.0 - entropy) - curved; }
}
