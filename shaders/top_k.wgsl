// Some columns of each row: those of its k largest numbers, or those that a `choice` names. Of gradients there may be several
// times the rows of the choice, which is read again from its start.
//   x, take_grad's out: [rows, cols]   choice: [forward, k]   take's out, g: [rows, k]

struct Args { rows: u32, cols: u32, k: u32, forward: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> choice: array<f32>;

// The columns of a row's k largest numbers, the largest first, of equal ones the first: one thread a row.
@compute @workgroup_size(64)
fn top_k(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let r = id.y * groups.x * 64u + id.x;
  if (r >= args.rows) { return; }
  var last = 0u;
  for (var j = 0u; j < args.k; j++) {
    var best = j; // of numbers that are none
    var found = false;
    for (var c = 0u; c < args.cols; c++) {
      let v = x[r * args.cols + c];
      let before = x[r * args.cols + last];
      let after = j == 0u || v < before || (v == before && c > last);
      if (after && (!found || v > x[r * args.cols + best])) {
        best = c;
        found = true;
      }
    }
    out[r * args.k + j] = f32(best);
    last = best;
  }
}

// Each row's numbers in the columns that its choice names.
@compute @workgroup_size(64)
fn take(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.rows * args.k) { return; }
  let r = i / args.k;
  out[i] = x[r * args.cols + u32(choice[(r % args.forward) * args.k + i % args.k])];
}

// The reverse: zeros but for those columns.
@compute @workgroup_size(64)
fn take_grad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= args.rows * args.cols) { return; }
  let r = i / args.cols;
  var total = 0.0;
  for (var j = 0u; j < args.k; j++) {
    if (u32(choice[(r % args.forward) * args.k + j]) == i % args.cols) { total += g[r * args.k + j]; }
  }
  out[i] = total;
}
