// Matrices that stay as narrow as they are stored: what a format's reader hands on, and how it becomes what devices keep.

import type { Backend } from "../backends/backend.ts";
import { quote, RelpropError } from "../errors.ts";
import { decodeRow } from "../graph/decode.ts";
import { bitsOf, fits, type Layout, places } from "../graph/layout.ts";
import type { Shape } from "../graph/tensor.ts";
import type { AbortSignal } from "../options/globals.ts";
import { checkFinite, noRow, type Rows } from "./dtypes.ts";

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
    const { table } = piece;
    const scales = part(piece.scales, at.groups);
    const offsets = piece.offsets && part(piece.offsets, at.groups);
    if (table) checkFinite(table, name);
    checkProducts(scales, offsets, largest(layout, table), (k) => {
      const [down, g] = [Math.floor(k / at.groups), k % at.groups];
      const index = (begin + down) * width + g * layout.group;
      const message = `${quote(name)} has a scale of ${scales[k]} at ${index}, weights must be finite in f32`;
      throw new RelpropError("NonFiniteWeights", message, { name, index, value: scales[k] });
    });
    const k = row * at.groups;
    await write(at.scales + k, scales.length, (out) => out.set(scales));
    if (offsets) await write(at.offsets + k, offsets.length, (out) => out.set(offsets));
    if (table) await write(at.table, table.length, (out) => out.set(table));
  }
}

/** The largest number that is scaled. */
function largest({ kind, offsets }: Layout, table?: Float32Array): number {
  if (table) return table.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return offsets ? 2 ** bitsOf(kind) - 1 : 2 ** (bitsOf(kind) - 1);
}

/** Calls `bad` for a group in which a number may not be finite. */
function checkProducts(
  scales: Float32Array,
  offsets: Float32Array | undefined,
  most: number,
  bad: (k: number) => void,
) {
  for (let k = 0; k < scales.length; k++) {
    const product = Math.fround(scales[k] * most);
    if (!Number.isFinite(offsets ? Math.fround(product + offsets[k]) : product)) bad(k);
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
  const { layout } = matrix; // all that is kept of it: its reader holds a layer's bytes
  if (!fits(shape, layout)) return undefined;
  const room = new Float32Array(places(shape, layout).end);
  const write = async (at: number, n: number, fill: (out: Float32Array) => void) => fill(room.subarray(at, at + n));
  await writeNarrow(write, matrix, name, { first: 0, count: shape[0], to: 0, all: shape }, signal);
  const words = new Uint32Array(room.buffer);
  return (row, out, offset) => {
    if (!(row >= 0 && row < shape[0])) throw noRow(name, shape, row);
    decodeRow(words, shape, layout, row, out, offset);
  };
}
