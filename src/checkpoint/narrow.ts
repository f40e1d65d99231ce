// Matrices that stay as narrow as they are stored: what a format's reader hands on, and how it becomes what devices keep.

import type { Backend } from "../backends/backend.ts";
import { decodeRow } from "../graph/decode.ts";
import { bitsOf, fits, type Layout, places } from "../graph/layout.ts";
import type { Shape } from "../graph/tensor.ts";
import type { AbortSignal } from "../options/globals.ts";
import { checkFinite, type Rows } from "./dtypes.ts";

/** Some rows of a narrow matrix. */
export interface NarrowRows {
  /** The first of them. */
  row: number;
  /** One a byte, as the layout counts them. */
  codes: Uint8Array;
  /** Of each row's groups. */
  scales: Float32Array;
  offsets?: Float32Array;
  /** Of all rows. */
  table?: Float32Array;
}

/** A matrix as codes and what they stand for. */
export interface NarrowMatrix {
  layout: Layout;
  /** All rows, front to back. */
  rows(signal?: AbortSignal): AsyncIterable<NarrowRows>;
}

/** Where rows become a buffer: `n` words from `at` on. */
type Write = Backend["write"];

/** Rows from `first` on, as many as `shape` has, as rows from `to` on of a buffer of matrices of `all`. */
export async function writeNarrow(
  write: (at: number, n: number, fill: (out: Float32Array) => void) => ReturnType<Write>,
  { layout, rows }: NarrowMatrix,
  name: string,
  { first, count, to, all }: { first: number; count: number; to: number; all: Shape },
  signal?: AbortSignal,
): Promise<void> {
  const at = places(all, layout);
  const bits = bitsOf(layout.kind);
  const width = all[all.length - 1];
  for await (const piece of rows(signal)) {
    const n = piece.codes.length / width;
    const [begin, end] = [Math.max(first, piece.row), Math.min(first + count, piece.row + n)];
    if (begin >= end) continue;
    const part = <A extends Uint8Array | Float32Array>(x: A, wide: number) =>
      x.subarray((begin - piece.row) * wide, (end - piece.row) * wide) as A;
    const row = to + begin - first;
    const codes = packed(part(piece.codes, width), bits);
    await write((row * width * bits) / 32, codes.length / 4, (out) => bytesOf(out).set(codes));
    for (const [field, place] of [["scales", at.scales] as const, ["offsets", at.offsets] as const]) {
      const values = piece[field] && part(piece[field], at.groups);
      if (!values) continue;
      checkFinite(values, name, row * at.groups);
      await write(place + row * at.groups, values.length, (out) => out.set(values));
    }
    const { table } = piece;
    if (!table) continue;
    checkFinite(table, name);
    await write(at.table, table.length, (out) => out.set(table));
  }
}

const bytesOf = (x: Float32Array) => new Uint8Array(x.buffer, x.byteOffset, 4 * x.length);

function packed(codes: Uint8Array, bits: number): Uint8Array {
  if (bits === 8) return codes;
  const out = new Uint8Array(codes.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = codes[2 * i] | (codes[2 * i + 1] << 4);
  return out;
}

/** A table that stays narrow, and is decoded a row at a time; undefined if it cannot. */
export async function narrowTable(
  matrix: NarrowMatrix,
  name: string,
  shape: Shape,
  signal?: AbortSignal,
): Promise<Rows | undefined> {
  if (!fits(shape, matrix.layout)) return undefined;
  const room = new Float32Array(places(shape, matrix.layout).end);
  const write = async (at: number, n: number, fill: (out: Float32Array) => void) => fill(room.subarray(at, at + n));
  await writeNarrow(write, matrix, name, { first: 0, count: shape[0], to: 0, all: shape }, signal);
  const words = new Uint32Array(room.buffer);
  return (row, out, offset) => decodeRow(words, shape, matrix.layout, row, out, offset);
}
