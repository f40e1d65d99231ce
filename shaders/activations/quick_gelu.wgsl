// lib: activation

// x σ(1.702 x)

// x gate′(x)
fn bend(x: f32) -> f32 { return 1.702 * (f(x) * sigmoid(-1.702 * x)); }

fn f(x: f32) -> f32 { return x * gate(x); }
fn gate(x: f32) -> f32 { return sigmoid(1.702 * x); }
fn slope(x: f32) -> f32 { return gate(x) + bend(x); }
fn lost(x: f32) -> f32 { return -x * bend(x); }
