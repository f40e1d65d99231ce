// lib: activation

// ½ x (1 + tanh u) = x σ(2u), u = √(2/π) (x + 0.044715 x³)

fn twice(x: f32) -> f32 { return 1.5957691216 * (x + 0.044715 * x * x * x); }

// x gate′(x), which is 0 far out.
fn bend(x: f32) -> f32 {
  let v = clamp(x, -10.0, 10.0);
  let u = twice(v);
  return v * sigmoid(u) * sigmoid(-u) * 1.5957691216 * (1.0 + 0.134145 * v * v);
}

fn f(x: f32) -> f32 { return x * gate(x); }
fn gate(x: f32) -> f32 { return sigmoid(twice(x)); }
fn slope(x: f32) -> f32 { return gate(x) + bend(x); }
fn lost(x: f32) -> f32 { return -x * bend(x); }
