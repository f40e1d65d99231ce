// lib: activation

// x σ(x)

fn f(x: f32) -> f32 { return x * gate(x); }
fn gate(x: f32) -> f32 { return sigmoid(x); }
fn slope(x: f32) -> f32 { return gate(x) * (1.0 + x * sigmoid(-x)); }
fn lost(x: f32) -> f32 { return -x * sigmoid(x) * (x * sigmoid(-x)); }
