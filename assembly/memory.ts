// Tensors in linear memory: f32, row-major, addressed by element. The one place that knows how wide an element is.

// @ts-expect-error: decorator
@inline
export function at(base: usize, i: u32): f32 {
  return load<f32>(base + (<usize>i << 2));
}

// @ts-expect-error: decorator
@inline
export function put(base: usize, i: u32, value: f32): void {
  store<f32>(base + (<usize>i << 2), value);
}

/** Where element `i` is. */
// @ts-expect-error: decorator
@inline
export function from(base: usize, i: u32): usize {
  return base + (<usize>i << 2);
}
