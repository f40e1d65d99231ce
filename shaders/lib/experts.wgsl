// Dense layers of which each row has an expert's: of the matrices w [experts, stack, depth] that of its choice, and of that
// the rows from `begin` on.
//   y: [rows, cols]   x: [rows / each, depth]   choice: [forward]   order: rows by expert, as group_rows() leaves them
// Of gradients there may be several times the rows of the choice, which is read again from its start.
// A shader's number(i) reads the weights. A workgroup makes 32 rows of one expert × 32 columns, each thread 4 × 4 of them.

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> args: Args;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read> choice: array<f32>;
@group(0) @binding(5) var<storage, read> order: array<f32>;

// A thread's rows, those that are none being the tile's first, and where the matrix of the tile's expert begins.
struct Tile { rows: vec4u, there: vec4<bool>, w: u32 }

fn tile_of(group: vec3u, id: vec3u) -> Tile {
  let slot = group.y * 32u + id.y * 4u;
  let own = vec4f(order[slot], order[slot + 1u], order[slot + 2u], order[slot + 3u]);
  let first = u32(order[group.y * 32u]);
  let there = own >= vec4f(0.0);
  let expert = u32(choice[first % args.forward]);
  return Tile(select(vec4u(first), vec4u(own), there), there, (expert * args.stack + args.begin) * args.depth);
}

fn empty(group: vec3u) -> bool { return order[group.y * 32u] < 0.0; }

fn store(tile: Tile, col: u32, cols: u32, y: mat4x4f) {
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u && col + j < cols; j++) {
      if (tile.there[i]) { out[tile.rows[i] * cols + col + j] = y[i][j]; }
    }
  }
}

// x · wᵀ
fn forward(group: vec3u, id: vec3u) {
  let col = group.x * 32u + id.x * 4u;
  if (empty(group) || col >= args.cols) { return; }
  let tile = tile_of(group, id);
  let r = tile.rows / args.each * args.depth;
  let c = tile.w + min(col + vec4u(0, 1, 2, 3), vec4u(args.cols - 1u)) * args.depth;
  var y = mat4x4f();
  for (var k = 0u; k < args.depth; k++) {
    let i = r + k;
    let j = c + k;
    let v = vec4f(number(j.x), number(j.y), number(j.z), number(j.w));
    y[0] += x[i.x] * v;
    y[1] += x[i.y] * v;
    y[2] += x[i.z] * v;
    y[3] += x[i.w] * v;
  }
  store(tile, col, args.cols, y);
}

// g · w, where g is the gradient of such a layer's output: [rows, depth]
fn backward(group: vec3u, id: vec3u) {
  let col = group.x * 32u + id.x * 4u;
  if (empty(group) || col >= args.depth) { return; }
  let tile = tile_of(group, id);
  let r = tile.rows * args.cols;
  let c = tile.w + min(col + vec4u(0, 1, 2, 3), vec4u(args.depth - 1u));
  var y = mat4x4f();
  for (var k = 0u; k < args.cols; k++) {
    let i = r + k;
    let j = c + k * args.depth;
    let v = vec4f(number(j.x), number(j.y), number(j.z), number(j.w));
    y[0] += g[i.x] * v;
    y[1] += g[i.y] * v;
    y[2] += g[i.z] * v;
    y[3] += g[i.w] * v;
  }
  store(tile, col, args.depth, y);
}
