// What attend() left of each row of the weights, in `stats` [forward, heads, 4, t]: its largest score, its sum of
// exponentials, and the first key that it sees and where those end. Both grow from row to row, so that a tile of rows sees
// keys from its first row's first on to its last row's end.

fn stats_of(text: u32, h: u32) -> u32 { return (text * args.heads + h) * 4u * args.t; }

// Of four rows.
struct Stats { peak: vec4f, total: vec4f, first: vec4u, end: vec4u }

fn four(start: u32, i: vec4u) -> vec4f {
  return vec4f(stats[start + i.x], stats[start + i.y], stats[start + i.z], stats[start + i.w]);
}
fn read_stats(start: u32, row: vec4u) -> Stats {
  let i = min(row, vec4u(args.t - 1u));
  let t = args.t;
  return Stats(four(start, i), four(start + t, i), vec4u(four(start + 2u * t, i)), vec4u(four(start + 3u * t, i)));
}

// The first key that a tile of rows sees, and where those end.
fn first_key(start: u32, row: u32) -> u32 { return u32(stats[start + 2u * args.t + row]); }
fn end_key(start: u32, row: u32) -> u32 { return u32(stats[start + 3u * args.t + min(row + 31u, args.t - 1u)]); }
