// The gradient to start from, one thread a target.

struct Args { rows: u32, classes: u32, forward: u32 }

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> request: array<f32>;

// A request's row holds a weight for every class and, last, the weight of the top class among those that have none.
@compute @workgroup_size(64)
fn seed(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let r = id.y * groups.x * 64u + id.x;
  if (r >= args.rows) { return; }
  let classes = args.classes;
  let row = (r % args.forward) * classes;
  var top = classes;
  for (var c = 0u; c < classes; c++) {
    let weight = request[r * (classes + 1u) + c];
    out[r * classes + c] = weight;
    if (weight == 0.0) {
      if (top == classes) { top = c; }
      else if (logits[row + c] > logits[row + top]) { top = c; }
    }
  }
  if (top < classes) { out[r * classes + top] = request[r * (classes + 1u) + classes]; }
}
