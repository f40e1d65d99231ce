// Which matrices stay as narrow as they are stored.

import type { Layout } from "../graph/layout.ts";
import { narrow } from "../graph/narrow.ts";
import type { Narrow, Shape } from "../graph/tensor.ts";
import type { Stored } from "./tensors.ts";

/** A stored matrix that may stay narrow. */
export interface Kept {
  /** Rows of it, or of its transpose, as a weight of that shape; undefined if that cannot be narrow. */
  of(shape: Shape, transposed: boolean): Narrow | undefined;
  /** Whether these may lie as one. */
  stacked(all: readonly (Kept | undefined)[]): boolean;
  readonly layout: Layout;
}

const MUCH = 2 ** 25; // numbers of 16 bits, 64 MiB of them

/** By name. Matrices of 16 bits are kept if that is `wanted`, by default if there are many. */
export function kept(stored: ReadonlyMap<string, Stored>, wanted?: boolean): Map<string, Kept> {
  const kinds = { F16: "f16", BF16: "bf16" } as const;
  const halves = [...stored].filter(([, { info }]) => info.dtype in kinds);
  const all = halves.reduce((n, [, { info }]) => n + (info.end - info.start) / 2, 0);
  const found = new Map<string, Kept>();
  if (wanted ?? all >= MUCH) {
    for (const [name, { info }] of halves) {
      found.set(name, keep({ kind: kinds[info.dtype as keyof typeof kinds], group: 0, offsets: false }));
    }
  }
  for (const [name, { quantised }] of stored) if (quantised?.narrow) found.set(name, keep(quantised.narrow.layout));
  return found;
}

const keep = (layout: Layout): Kept => ({
  layout,
  // Groups are of columns: of a transpose they would be of rows.
  of: (shape, transposed) => (shape.length === 1 || (transposed && layout.group) ? undefined : narrow(shape, layout)),
  stacked: (all) =>
    layout.group > 0 &&
    !layout.kind.startsWith("table") && // each has its own
    all.every((one) => one && JSON.stringify(one.layout) === JSON.stringify(layout)),
});
