// lib: activation

// max(x, 0)

fn f(x: f32) -> f32 { return max(x, 0.0); }
fn gate(x: f32) -> f32 { return select(0.0, 1.0, x > 0.0); }
fn slope(x: f32) -> f32 { return gate(x); }
fn lost(_x: f32) -> f32 { return 0.0; }
