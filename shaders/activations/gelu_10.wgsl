// lib: activation

// x Φ(x), at most 10: which it is from x = 10 on, in all digits that f32 has. Below −10 it is never.

fn f(x: f32) -> f32 { return min(x * normal_cdf(x), 10.0); }
fn gate(x: f32) -> f32 { return select(normal_cdf(x), 10.0 / x, x > 10.0); }
fn slope(x: f32) -> f32 { return select(normal_cdf(x) + x * normal_density(x), 0.0, x > 10.0); }
fn lost(x: f32) -> f32 { return select(-x * (x * normal_density(x)), 10.0, x > 10.0); }
