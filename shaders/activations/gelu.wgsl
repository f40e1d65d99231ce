// lib: activation

// x Φ(x)

fn f(x: f32) -> f32 { return x * gate(x); }
fn gate(x: f32) -> f32 { return normal_cdf(x); }
fn slope(x: f32) -> f32 { return gate(x) + x * normal_density(x); }
fn lost(x: f32) -> f32 { return -x * (x * normal_density(x)); }
