// Sums along rows, half a workgroup a row.

struct Args { rows: u32, cols: u32, b_rows: u32 }

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

// The row a thread works on, how many of its columns, and the first of them.
struct Place { row: u32, cols: u32, lane: u32 }
fn place(group: vec3u, groups: vec3u, thread: u32) -> Place {
  let row = (group.y * groups.x + group.x) * (64u / LANES) + thread / LANES;
  return Place(row, select(0u, args.cols, row < args.rows), thread % LANES);
}

// Σ a · b along each row; b may have fewer rows and is then read again from its start.
@compute @workgroup_size(64)
fn dot_rows(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let left = at.row * args.cols;
  let right = (at.row % args.b_rows) * args.cols;
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += a[left + i] * b[right + i]; }
  total = sum(thread, total);
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = total; }
}

// 1 / max(√Σ a², 1e-12) of each row, as PyTorch normalises; a Newton step takes away the error that WGSL grants inverseSqrt.
@compute @workgroup_size(64)
fn reciprocal_norm(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = place(group, groups, thread);
  let left = at.row * args.cols;
  var total = 0.0;
  for (var i = at.lane; i < at.cols; i += LANES) { total += a[left + i] * a[left + i]; }
  total = sum(thread, total);
  let r = inverseSqrt(max(total, 1e-24));
  if (at.lane == 0u && at.row < args.rows) { out[at.row] = r * (1.5 - 0.5 * (max(total, 1e-24) * r) * r); }
}
