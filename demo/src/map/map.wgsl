// One instance a cell: a rectangle in the colour of its strength.

struct View {
  to_clip: mat3x3f,
  to_roots: mat3x3f,
  to_linear: mat3x3f,
  against: vec3f,
  columns: u32,
  paper: vec3f,
  most: vec3f,
  gap: vec2f, // in cells, on each side
}

struct Cell {
  @builtin(position) place: vec4f,
  @location(0) @interpolate(flat) color: vec3f,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<storage, read> strengths: array<f32>;

@vertex
fn cell(@builtin(vertex_index) vertex: u32, @builtin(instance_index) i: u32) -> Cell {
  let corner = vec2f(f32(vertex & 1), f32(vertex >> 1));
  let place = vec2f(f32(i % view.columns), f32(i / view.columns)) + mix(view.gap, 1 - view.gap, corner);
  let clip = view.to_clip * vec3f(place, 1);
  return Cell(vec4f(clip.xy, 0, 1), color(strengths[i]));
}

fn color(strength: f32) -> vec3f {
  let end = select(view.most, view.against, strength < 0);
  let roots = view.to_roots * mix(view.paper, end, min(abs(strength), 1));
  let light = clamp(view.to_linear * (roots * roots * roots), vec3f(0), vec3f(1));
  return select(1.055 * pow(light, vec3f(1 / 2.4)) - 0.055, 12.92 * light, light <= vec3f(0.0031308));
}

@fragment
fn fill(in: Cell) -> @location(0) vec4f {
  return vec4f(in.color, 1);
}
