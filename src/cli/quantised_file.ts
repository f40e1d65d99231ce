// A safetensors file of quantised matrices, written piece by piece: no more of it is in memory.

import type { FileHandle } from "node:fs/promises";
import { quantise } from "../checkpoint/quantised/quantise.ts";
import { type Bits, GROUP, type Target } from "../checkpoint/quantised/scheme.ts";
import { PIECE, pieces, read } from "../checkpoint/safetensors.ts";
import type { AbortSignal } from "../options/globals.ts";

/** A tensor of the file, and where its data begin. */
interface Entry {
  name: string;
  dtype: string;
  shape: readonly number[];
  bytes: number;
  at: number;
}

type Put = (bytes: Uint8Array, at: number) => Promise<void>;

/** Bytes of a number, 1 of others. */
const SIZES: Readonly<Record<string, number>> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2 };

export async function writeQuantised(
  file: FileHandle,
  targets: readonly Target[],
  progress: (done: number, of: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const parts = targets.map(entriesOf);
  // Each lies where numbers of its size may.
  const all = parts.flat().sort((a, b) => (SIZES[b.dtype] ?? 1) - (SIZES[a.dtype] ?? 1));
  let end = 0;
  for (const entry of all) {
    entry.at = end;
    end += entry.bytes;
  }
  const begin = await writeHeader(file, all);
  const put: Put = (bytes, at) => writeAt(file, bytes, begin + at);
  for (const [i, target] of targets.entries()) {
    await (target.bits
      ? quantised(target, target.bits, parts[i], put, signal)
      : plain(target, parts[i][0], put, signal));
    progress(i + 1, targets.length);
  }
}

/** Where the data begin. */
async function writeHeader(file: FileHandle, all: readonly Entry[]): Promise<number> {
  const ranges = all.map(({ name, dtype, shape, bytes, at }) => [
    name,
    { dtype, shape, data_offsets: [at, at + bytes] },
  ]);
  const json = JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(ranges) });
  const text = new TextEncoder().encode(json);
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  await writeAt(file, header, 0);
  return header.length;
}

async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

/** What a tensor becomes. */
function entriesOf({ name, bits, stored: { info } }: Target): Entry[] {
  const entry = (name: string, dtype: string, shape: readonly number[], bytes: number) => ({
    name,
    dtype,
    shape,
    bytes,
    at: 0,
  });
  if (!bits) return [entry(name, info.dtype, info.shape, info.end - info.start)];
  const [rows, width] = info.shape;
  const layer = name.slice(0, -"weight".length);
  const scale = entry(`${layer}weight_scale`, "F16", [rows, width / GROUP], (rows * width * 2) / GROUP);
  if (bits === 8) return [entry(name, "I8", info.shape, rows * width), scale];
  const packed = entry(`${layer}weight_packed`, "I32", [rows, width / 8], (rows * width) / 2);
  return [packed, scale, entry(`${layer}weight_shape`, "I64", [2], 16)];
}

async function plain({ stored: { file, info } }: Target, entry: Entry, put: Put, signal?: AbortSignal): Promise<void> {
  for (let at = info.start; at < info.end; at += PIECE) {
    await put(await read(file, at, Math.min(at + PIECE, info.end), info.name, signal), entry.at + at - info.start);
  }
}

async function quantised(
  { stored: { file, info } }: Target,
  bits: Bits,
  [codesAt, scalesAt, shapeAt]: Entry[],
  put: Put,
  signal?: AbortSignal,
): Promise<void> {
  if (shapeAt) await put(new Uint8Array(BigInt64Array.from(info.shape, BigInt).buffer), shapeAt.at);
  for await (const { at, n, put: widen } of pieces(file, info, signal)) {
    const x = new Float32Array(n);
    widen(x);
    const { codes, scales } = quantise(x, bits, info.name, at);
    await put(packed(codes, bits), codesAt.at + (at * bits) / 8);
    await put(new Uint8Array(scales.buffer), scalesAt.at + (2 * at) / GROUP);
  }
}

/** Codes of 8 bits as they are, of 4 bits two a byte, the first one low, as numbers that are not negative. */
function packed(codes: Int8Array, bits: Bits): Uint8Array {
  if (bits === 8) return new Uint8Array(codes.buffer, codes.byteOffset, codes.length);
  const out = new Uint8Array(codes.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = (codes[2 * i] + 8) | ((codes[2 * i + 1] + 8) << 4);
  return out;
}
