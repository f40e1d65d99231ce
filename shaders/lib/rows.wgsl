// Half a workgroup a row: a file that this is joined to has `rows` and `cols` in its Args.

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

// The row a thread works on, how many of its columns (none beyond the last row, so that barriers stay uniform), and the first of them.
struct Row { row: u32, cols: u32, lane: u32 }
fn row_of(group: vec3u, groups: vec3u, thread: u32) -> Row {
  let row = (group.y * groups.x + group.x) * (64u / LANES) + thread / LANES;
  return Row(row, select(0u, args.cols, row < args.rows), thread % LANES);
}
