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

/** Elements i, i + 1, … of x, four of them; those from n on are taken from `others`. */
// @ts-expect-error: decorator
@inline
export function load4(x: usize, i: u32, n: u32, others: v128 = f32x4.splat(0)): v128 {
  return i + 4 <= n ? v128.load(from(x, i)) : load_few(from(x, i), n - i, others);
}

// @ts-expect-error: decorator
@inline
function load_few(p: usize, n: u32, others: v128): v128 {
  let v = v128.load32_lane(p, others, 0);
  if (n > 1) v = v128.load32_lane(p, v, 1, 4);
  if (n > 2) v = v128.load32_lane(p, v, 2, 8);
  return v;
}

/** Elements i, i + 1, … of x become those of v, four of them; those from n on are left alone. */
// @ts-expect-error: decorator
@inline
export function store4(x: usize, i: u32, n: u32, v: v128): void {
  if (i + 4 <= n) v128.store(from(x, i), v);
  else store_few(from(x, i), n - i, v);
}

// @ts-expect-error: decorator
@inline
function store_few(p: usize, n: u32, v: v128): void {
  v128.store32_lane(p, v, 0);
  if (n > 1) v128.store32_lane(p, v, 1, 4);
  if (n > 2) v128.store32_lane(p, v, 2, 8);
}

/** Where element `i` is. */
// @ts-expect-error: decorator
@inline
export function from(base: usize, i: u32): usize {
  return base + (<usize>i << 2);
}

// Elements of memory for a kernel's own use, the same at every call: what products pack, then two blocks of rows.
export const BLOCKS: u32 = 1 << 17;
export const BLOCK: u32 = 1 << 17;
const SCRATCH: u32 = BLOCKS + 2 * BLOCK;

/** Where free memory begins; tensors are laid out from here on. What lies before it is scratch: each thread has its own. */
export let heap: usize = __heap_base + (SCRATCH << 2);

/** Where scratch element `i` is. */
// @ts-expect-error: decorator
@inline
export function scratch(i: u32): usize {
  return from(heap - (SCRATCH << 2), i);
}
