// Rows by the expert that each has chosen, for kernels that work on tiles of rows of one expert.

import { at, BLOCKS, first, last, put, scratch } from "./memory";

const TILE: u32 = 32;

/**
 * The rows of the first expert, of the second, and so on, each expert's from a multiple of 32 slots on; -1 where there is none.
 * One thread does it all.
 */
export function group_rows(out: usize, choice: usize, rows: u32, forward: u32, experts: u32, slots: u32): void {
  if (first(1) == last(1)) return;
  const begins = scratch(BLOCKS); // of whole numbers
  memory.fill(begins, 0, experts << 2);
  for (let r: u32 = 0; r < rows; r++) {
    const p = begins + (<usize>at(choice, r % forward) << 2);
    store<u32>(p, load<u32>(p) + 1);
  }
  for (let e: u32 = 0, start: u32 = 0; e < experts; e++) {
    const p = begins + (<usize>e << 2), n = load<u32>(p);
    store<u32>(p, start);
    start += (n + TILE - 1) / TILE * TILE;
  }
  for (let slot: u32 = 0; slot < slots; slot++) put(out, slot, -1);
  for (let r: u32 = 0; r < rows; r++) {
    const p = begins + (<usize>at(choice, r % forward) << 2), slot = load<u32>(p);
    put(out, slot, <f32>r);
    store<u32>(p, slot + 1);
  }
}
