// How a matrix lies in memory where it is narrower than f32. All of it is one buffer of 32-bit words: the codes, row after row
// without a gap, the first in the lowest bits; then a scale in f32 for each group of a row; then as many offsets, if it has any;
// then the table of values, if codes are numbers of one. Kernels decode what they read of it (assembly/narrow.ts,
// shaders/lib/narrow.wgsl): decode() in decode.ts is what they are held to.

import type { Shape } from "./tensor.ts";

/** In the order of the numbers that kernels know them by. */
export const kinds = ["f16", "bf16", "int8", "int4", "table8", "table4"] as const;
export type Kind = (typeof kinds)[number];

export interface Layout {
  /**
   * `int8` and `int4` are scale · (code − 128) or scale · (code − 8), with offsets scale · code + offset; `table8` and `table4`
   * scale · table[code].
   */
  readonly kind: Kind;
  /** How many numbers of a row share a scale; the last group of a row may be shorter. 0 where there are no scales. */
  readonly group: number;
  readonly offsets: boolean;
}

export const bitsOf = (kind: Kind): number => (kind.endsWith("4") ? 4 : kind.endsWith("8") ? 8 : 16);

/** Where its parts begin in the buffer, in words (0 for parts that it lacks), how many groups a row has, and the end. */
export function places(shape: Shape, { kind, group, offsets }: Layout) {
  const n = shape.reduce((n, d) => n * d, 1);
  const width = shape[shape.length - 1];
  const groups = group ? Math.ceil(width / group) : 0;
  const scales = Math.ceil((n * bitsOf(kind)) / 32);
  const all = (n / width) * groups;
  const after = scales + all * (offsets ? 2 : 1);
  const table = kind.startsWith("table");
  const end = after + (table ? 2 ** bitsOf(kind) : 0);
  return { groups, scales: group ? scales : 0, offsets: offsets ? scales + all : 0, table: table ? after : 0, end };
}

/** Whether a matrix may lie so: whole bytes and vectors of codes in each row and group, indices of 30 bits. */
export function fits(shape: Shape, { kind, group }: Layout): boolean {
  const width = shape[shape.length - 1];
  const unit = kind.endsWith("16") || kind === "f16" ? 1 : kind.endsWith("4") ? 8 : 4;
  const whole = width % unit === 0 && (group >= width || group % unit === 0);
  return whole && shape.reduce((n, d) => n * d, 1) < 2 ** 30;
}
