// What readers decode as what devices keep: the codes as they are, with scales, offsets and values of a table in f32.

import { bitsOf, type Layout, places } from "../../graph/layout.ts";
import type { Shape } from "../../graph/tensor.ts";
import type { AbortSignal } from "../../options/globals.ts";
import type { TensorInfo } from "../header.ts";
import type { NarrowMatrix, NarrowRows } from "../narrow.ts";

import type { ScaledRows } from "./rows.ts";

const BLOCK = 2 ** 18; // numbers

/** How a matrix of whole numbers of so many bits lies, in groups of so many columns. */
export const whole = (bits: number, group: number, offsets: boolean): Layout => ({
  kind: bits > 4 ? "int8" : "int4",
  group,
  offsets,
});

export const tabled = (bits: 8 | 4, group: number): Layout => ({ kind: `table${bits}`, group, offsets: false });

/**
 * Whether whole numbers with offsets are decoded to the same bits: scales of 16 bits times a code or a zero point are exact in
 * f32, those of 32 bits are not.
 */
export const exact = ({ dtype }: TensorInfo): boolean => dtype === "F16" || dtype === "BF16";

/** A matrix by its rows. `lowest` is the code that readers call the lowest of a layout with offsets: 0, or −2^(bits − 1). */
export function narrowed(
  open: (signal?: AbortSignal) => Promise<ScaledRows>,
  shape: Shape,
  layout: Layout,
  lowest = 0,
) {
  const [all, width] = shape;
  const { groups } = places(shape, layout);
  const table = layout.kind.startsWith("table");
  const plus = layout.offsets ? -lowest : 2 ** (bitsOf(layout.kind) - 1);
  const rows: NarrowMatrix["rows"] = async function* (signal) {
    const { codes, grid } = await open(signal);
    const { scale, zero, offset, columns, rows } = grid;
    const places = table ? new Map<number, number>() : undefined;
    const values = table ? new Float32Array(2 ** bitsOf(layout.kind)) : undefined;
    const line = new Float32Array(width);
    const many = Math.max(1, Math.floor(BLOCK / width));
    const code = (value: number) => {
      if (!places || !values) return value + plus;
      const found = places.get(value) ?? places.size;
      if (found === places.size) places.set(value, found);
      values[found] = value;
      return found;
    };
    for (let row = 0; row < all; row += many) {
      const n = Math.min(many, all - row);
      const piece: NarrowRows = {
        row,
        codes: new Uint8Array(n * width),
        scales: new Float32Array(n * groups),
        offsets: layout.offsets ? new Float32Array(n * groups) : undefined,
        table: values,
      };
      for (let r = 0; r < n; r++) {
        codes(row + r, line, 0);
        for (let i = 0; i < width; i++) piece.codes[r * width + i] = code(line[i]);
        const first = Math.floor((row + r) / rows) * columns;
        for (let g = 0; g < groups; g++) {
          const [to, k] = [r * groups + g, first + g];
          piece.scales[to] = scale[k];
          if (piece.offsets) piece.offsets[to] = (offset?.[k] ?? 0) - ((zero?.[k] ?? 0) + plus) * scale[k];
        }
      }
      yield piece;
    }
  };
  return { layout, rows };
}
