// lib: activation, tanh

// tanh x

fn f(x: f32) -> f32 { return x * gate(x); }
fn gate(x: f32) -> f32 { return tanh_ratio(x); }
fn slope(x: f32) -> f32 { return tanh_slope(x); }
fn lost(x: f32) -> f32 { return tanh_lost(x); }
