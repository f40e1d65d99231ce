// lib: rows

// What propagation takes back through softmax, half a workgroup a row. Gradients may have several times the rows of the
// forward pass; row r then belongs to forward row r % forward.

struct Args { rows: u32, cols: u32, forward: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> p: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;

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

// From softmax's own output p and the gradient g of it: p · (g − Σ p g)
@compute @workgroup_size(64)
fn softmax_grad(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let start = at.row * args.cols;
  let forward = (at.row % args.forward) * args.cols;

  var mean = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { mean += p[forward + i] * g[start + i]; }
  mean = sum(thread, mean);
  // Where one weight is nearly 1 its gradient less the mean is small, and what rounding left of the mean would be all of it.
  var rest = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { rest += p[forward + i] * (g[start + i] - mean); }
  rest = sum(thread, rest);

  for (var i = at.lane; i < at.cols; i += LANES) { out[start + i] = p[forward + i] * ((g[start + i] - mean) - rest); }
}

// What a row keeps: Σ g p (1 − ln p + Σ p ln p), the Taylor bias of softmax from p alone; p ln p = 0 at p = 0.
@compute @workgroup_size(64)
fn softmax_kept(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = row_of(group, groups, thread);
  let start = at.row * args.cols;
  let forward = (at.row % args.forward) * args.cols;

  var entropy = 0.0;
  var plain = 0.0;
  var curved = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) {
    let v = p[forward + i];
    if (v >= 1.17549435e-38) {
      let l = logarithm(v);
      let gp = g[start + i] * v;
      entropy -= v * l;
      plain += gp;
      curved += gp * l;
    }
  }
  entropy = sum(thread, entropy);
  plain = sum(thread, plain);
  curved = sum(thread, curved);
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = plain * (1.0 - entropy) - curved; }
}
