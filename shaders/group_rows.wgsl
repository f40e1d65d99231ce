// Rows by the expert that each has chosen, for kernels that work on tiles of rows of one expert.

struct Args { rows: u32, forward: u32, experts: u32, slots: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> choice: array<f32>;

const TILE = 32u;
const MOST = 1024u; // experts
var<workgroup> begins: array<u32, MOST>;
var<workgroup> total: u32;

fn chosen(row: u32) -> u32 { return u32(choice[row % args.forward]); }

// The rows of the first expert, of the second, and so on, each expert's from a multiple of 32 slots on; -1 where there is none.
// One workgroup, in which each thread has some of the experts.
@compute @workgroup_size(64)
fn group_rows(@builtin(local_invocation_index) lane: u32) {
  for (var e = lane; e < args.experts; e += 64u) {
    var n = 0u;
    for (var r = 0u; r < args.rows; r++) { n += u32(chosen(r) == e); }
    begins[e] = n;
  }
  workgroupBarrier();
  if (lane == 0u) {
    var start = 0u;
    for (var e = 0u; e < args.experts; e++) {
      let n = begins[e];
      begins[e] = start;
      start += (n + TILE - 1u) / TILE * TILE;
    }
    total = start;
  }
  workgroupBarrier();
  for (var e = lane; e < args.experts; e += 64u) {
    var slot = begins[e];
    for (var r = 0u; r < args.rows; r++) {
      if (chosen(r) != e) { continue; }
      out[slot] = f32(r);
      slot++;
    }
    for (; slot % TILE > 0u; slot++) { out[slot] = -1.0; }
  }
  for (var slot = total + lane; slot < args.slots; slot += 64u) { out[slot] = -1.0; }
}
