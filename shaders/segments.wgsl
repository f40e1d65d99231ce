// lib: nan

// Rows in groups of `each` that follow one another, as points of a cloud lie in neighbourhoods. One thread a column of a group.
//   by row: [n · each, cols]   by group: [n, cols]   of a forward pass m groups, read again from their start

struct Args { n: u32, each: u32, cols: u32, m: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;

// Where the first row of a thread's group has its column: in x, and in a tensor of n groups.
fn source(i: u32) -> u32 { return (i / args.cols % args.m) * args.each * args.cols + i % args.cols; }
fn target_of(i: u32) -> u32 { return i / args.cols * args.each * args.cols + i % args.cols; }

// The largest number of each group, column by column.
@compute @workgroup_size(64)
fn segment_max(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n * args.cols) { return; }
  let start = source(i);
  var most = x[start];
  for (var k = 1u; k < args.each; k++) {
    let v = x[start + k * args.cols];
    most = select(max(most, v), most + v, is_nan(most) || is_nan(v)); // which max() may lose
  }
  out[i] = most;
}

// From the rows x and a gradient g by group: to the first row that has the largest number, 0 to the others.
@compute @workgroup_size(64)
fn max_scatter(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n * args.cols) { return; }
  let start = source(i);
  var winner = 0u;
  for (var k = 1u; k < args.each; k++) {
    if (x[start + k * args.cols] > x[start + winner * args.cols]) { winner = k; }
  }
  for (var k = 0u; k < args.each; k++) { out[target_of(i) + k * args.cols] = select(0.0, g[i], k == winner); }
}

// Each group's numbers to all its rows.
@compute @workgroup_size(64)
fn segment_repeat(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n * args.cols) { return; }
  let value = x[(i / args.cols % args.m) * args.cols + i % args.cols];
  for (var k = 0u; k < args.each; k++) { out[target_of(i) + k * args.cols] = value; }
}

// The sum of each group, column by column.
@compute @workgroup_size(64)
fn segment_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n * args.cols) { return; }
  let start = source(i);
  var total = 0.0;
  for (var k = 0u; k < args.each; k++) { total += x[start + k * args.cols]; }
  out[i] = total;
}

// The same, each row by its weight: weights [n, each].
@compute @workgroup_size(64)
fn weighted_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.n * args.cols) { return; }
  let start = source(i);
  let own = i / args.cols % args.m * args.each;
  var total = 0.0;
  for (var k = 0u; k < args.each; k++) { total += weights[own + k] * x[start + k * args.cols]; }
  out[i] = total;
}
