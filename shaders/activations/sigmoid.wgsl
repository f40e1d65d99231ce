// lib: activation

// σ(x) = ½ + ½ tanh(½x)

fn f(x: f32) -> f32 { return sigmoid(x); }
fn gate(x: f32) -> f32 { return 0.25 * tanh_ratio(0.5 * x); }
fn slope(x: f32) -> f32 { return sigmoid(x) * sigmoid(-x); }
fn lost(x: f32) -> f32 { return sigmoid(x) * (1.0 - x * sigmoid(-x)); }
