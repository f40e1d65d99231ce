// Dense layers of which each row has an expert's: of the matrices w [experts, stack, depth] that of its choice, and of that
// the rows from `begin` on.
//   y: [rows, cols]   x: [rows / each, depth]   choice: [forward]   order: rows by expert, as group_rows() leaves them
// Of gradients there may be several times the rows of the choice, which is read again from its start.
//
// An expert's rows are gathered, so that its matrix is packed once for all of them. Threads share the columns.

import { product_narrow_nn, product_narrow_nt, product_nn, product_nt } from "./matmul";
import { at, BLOCK, BLOCKS, first, from, last, scratch } from "./memory";
import { read_narrow } from "./narrow";

const GATHERED: u32 = BLOCKS; // where in the scratch memory
const MADE: u32 = BLOCKS + BLOCK;
const MOST: u32 = 184; // rows, as many as products take at once

/** x · wᵀ */
export function linear_experts(
  out: usize, x: usize, w: usize, choice: usize, order: usize,
  rows: u32, cols: u32, depth: u32, each: u32, begin: u32, stack: u32, slots: u32, forward: u32,
): void {
  forward_pass<f32>(out, x, w, choice, order, rows, cols, depth, each, begin, stack, slots, forward);
}

/** The same of narrow weights. */
export function linear_experts_narrow(
  out: usize, x: usize, w: usize, choice: usize, order: usize,
  rows: u32, cols: u32, depth: u32, each: u32, begin: u32, stack: u32, slots: u32, forward: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32, keep: f32, more: f32, sign: f32,
): void {
  read_narrow(w, width, kind, group, groups, scales, offsets, table, keep, more, sign);
  forward_pass<u32>(out, x, w, choice, order, rows, cols, depth, each, begin, stack, slots, forward);
}

function forward_pass<T>(
  out: usize, x: usize, w: usize, choice: usize, order: usize,
  rows: u32, cols: u32, depth: u32, each: u32, begin: u32, stack: u32, slots: u32, forward: u32,
): void {
  const c = first(cols, 8), n = last(cols, 8) - c;
  const most = block(max<u32>(depth, n));
  if (!n) return;
  for (let slot: u32 = 0, end: u32 = 0; slot < slots && at(order, slot) >= 0; slot = end) {
    const expert = chosen(choice, order, slot, forward);
    end = run(choice, order, slot, slots, forward, most);
    const count = gather(x, order, slot, end, each, depth);
    const matrix = (expert * stack + begin + c) * depth, made = scratch(MADE);
    if (isInteger<T>()) product_narrow_nt(made, n, scratch(GATHERED), depth, matrix, depth, 0, 0, count, n, depth);
    else product_nt(made, n, scratch(GATHERED), depth, from(w, matrix), depth, 0, 0, count, n, depth, 1);
    scatter(out, order, slot, end, cols, c, n);
  }
}

/** g · w, where g is the gradient of such a layer's output: [rows, depth] */
export function linear_experts_grad(
  out: usize, g: usize, w: usize, choice: usize, order: usize,
  rows: u32, cols: u32, depth: u32, each: u32, begin: u32, stack: u32, slots: u32, forward: u32,
): void {
  backward_pass<f32>(out, g, w, choice, order, rows, cols, depth, each, begin, stack, slots, forward);
}

/** The same of narrow weights. */
export function linear_experts_narrow_grad(
  out: usize, g: usize, w: usize, choice: usize, order: usize,
  rows: u32, cols: u32, depth: u32, each: u32, begin: u32, stack: u32, slots: u32, forward: u32,
  width: u32, kind: u32, group: u32, groups: u32, scales: u32, offsets: u32, table: u32, keep: f32, more: f32, sign: f32,
): void {
  read_narrow(w, width, kind, group, groups, scales, offsets, table, keep, more, sign);
  backward_pass<u32>(out, g, w, choice, order, rows, cols, depth, each, begin, stack, slots, forward);
}

function backward_pass<T>(
  out: usize, g: usize, w: usize, choice: usize, order: usize,
  rows: u32, cols: u32, depth: u32, each: u32, begin: u32, stack: u32, slots: u32, forward: u32,
): void {
  const c = first(depth, 8), n = last(depth, 8) - c;
  const most = block(max<u32>(cols, n));
  if (!n) return;
  for (let slot: u32 = 0, end: u32 = 0; slot < slots && at(order, slot) >= 0; slot = end) {
    const expert = chosen(choice, order, slot, forward);
    end = run(choice, order, slot, slots, forward, most);
    const count = gather(g, order, slot, end, 1, cols);
    const matrix = (expert * stack + begin) * depth + c, made = scratch(MADE);
    if (isInteger<T>()) product_narrow_nn(made, n, scratch(GATHERED), cols, matrix, depth, 0, 0, count, n, cols);
    else product_nn(made, n, scratch(GATHERED), cols, 1, from(w, matrix), depth, 0, 0, count, n, cols, 1);
    scatter(out, order, slot, end, depth, c, n);
  }
}

/** How many rows of `width` are gathered at once. */
function block(width: u32): u32 { return max<u32>(1, min<u32>(MOST, BLOCK / width)); }

function chosen(choice: usize, order: usize, slot: u32, forward: u32): u32 {
  return <u32>at(choice, <u32>at(order, slot) % forward);
}

/** Where the run of slots ends that begins at `slot`: of one expert, with at most so many rows. */
function run(choice: usize, order: usize, slot: u32, slots: u32, forward: u32, most: u32): u32 {
  const expert = chosen(choice, order, slot, forward);
  let count: u32 = 0, end = slot;
  for (; end < slots; end++) {
    if (at(order, end) < 0) continue;
    if (count == most || chosen(choice, order, end, forward) != expert) break;
    count++;
  }
  return end;
}

/** The rows of x at these slots one after the other; how many there are. */
function gather(x: usize, order: usize, slot: u32, end: u32, each: u32, width: u32): u32 {
  let count: u32 = 0;
  for (; slot < end; slot++) {
    if (at(order, slot) < 0) continue;
    const row = <u32>at(order, slot) / each;
    memory.copy(scratch(GATHERED + count++ * width), from(x, row * width), width << 2);
  }
  return count;
}

/** Rows that were made of gathered ones to their places, as columns from `c` on. */
function scatter(out: usize, order: usize, slot: u32, end: u32, width: u32, c: u32, n: u32): void {
  for (let made = scratch(MADE); slot < end; slot++) {
    if (at(order, slot) < 0) continue;
    memory.copy(from(out, <u32>at(order, slot) * width + c), made, n << 2);
    made = from(made, n);
  }
}
