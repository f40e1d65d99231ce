// lib: activation

// max(x, 0)²

fn f(x: f32) -> f32 { return gate(x) * gate(x); }
fn gate(x: f32) -> f32 { return max(x, 0.0); }
fn slope(x: f32) -> f32 { return 2.0 * gate(x); }
fn lost(x: f32) -> f32 { return -f(x); }
