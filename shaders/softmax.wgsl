// Softmax along each row, one workgroup a row, over the keys that are not padding.

struct Args { rows: u32, cols: u32, per: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;

const WIDTH = 64u;
var<workgroup> lanes: array<f32, WIDTH>;

// Adds up what each lane holds; every lane gets the sum.
fn sum(lane: u32, value: f32) -> f32 {
  lanes[lane] = value;
  for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
  }
  return workgroupUniformLoad(&lanes[0]);
}

fn largest(lane: u32, value: f32) -> f32 {
  lanes[lane] = value;
  for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] = max(lanes[lane], lanes[lane + half]); }
  }
  return workgroupUniformLoad(&lanes[0]);
}

// eˣ after Cephes' expf, good to 2 ULP; 0 below −87.3, where the result would be subnormal.
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
  return select((p * r * r + r + 1.0) * scale, 0.0, x < -87.3);
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

// The row a workgroup works on, and how many of its columns: none beyond the last row, so that barriers stay uniform.
fn row_of(group: vec3u, groups: vec3u) -> u32 { return group.y * groups.x + group.x; }
fn width_of(row: u32) -> u32 { return select(0u, args.cols, row < args.rows); }

// Row r belongs to text r / per, whose first b[r / per] columns count; the others get exactly 0.
@compute @workgroup_size(WIDTH)
fn softmax(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let n = min(u32(b[min(row, args.rows - 1u) / args.per]), cols);

  var peak = -3.4e38;
  for (var i = lane; i < n; i += WIDTH) { peak = max(peak, a[start + i]); }
  peak = largest(lane, peak);

  var total = 0.0;
  for (var i = lane; i < n; i += WIDTH) { total += exponential(a[start + i] - peak); }
  total = sum(lane, total);

  for (var i = lane; i < n; i += WIDTH) { out[start + i] = exponential(a[start + i] - peak) / total; }
  for (var i = n + lane; i < cols; i += WIDTH) { out[start + i] = 0.0; }
}

// From softmax's own output a and the gradient b of it: a · (b − Σ a b). Here `per` is the rows of the forward pass.
@compute @workgroup_size(WIDTH)
fn softmax_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let forward = (row % args.per) * args.cols;

  var mean = 0.0;
  for (var i = lane; i < cols; i += WIDTH) { mean += a[forward + i] * b[start + i]; }
  mean = sum(lane, mean);

  for (var i = lane; i < cols; i += WIDTH) { out[start + i] = a[forward + i] * (b[start + i] - mean); }
}

// What a row keeps: Σ b a (1 − ln a + Σ a ln a), the Taylor bias of softmax from a alone; a ln a = 0 at a = 0.
@compute @workgroup_size(WIDTH)
fn softmax_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group, groups);
  let cols = width_of(row);
  let start = row * args.cols;
  let forward = (row % args.per) * args.cols;

  var entropy = 0.0;
  var plain = 0.0;
  var curved = 0.0;
  for (var i = lane; i < cols; i += WIDTH) {
    let p = a[forward + i];
    if (p >= 1.17549435e-38) {
      let l = logarithm(p);
      let gp = b[start + i] * p;
      entropy -= p * l;
      plain += gp;
      curved += gp * l;
    }
  }
  entropy = sum(lane, entropy);
  plain = sum(lane, plain);
  curved = sum(lane, curved);
  if (lane == 0u && row < args.rows) { out[row] = plain * (1.0 - entropy) - curved; }
}
