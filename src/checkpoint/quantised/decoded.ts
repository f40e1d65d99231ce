// A quantised checkpoint as one of f32: each matrix that is stored in several tensors becomes one, which is decoded as it is
// read. Config.json says in which format; in which layers, the tensors that are there.

import { quote, RelpropError } from "../../errors.ts";
import type { AbortSignal } from "../../options/globals.ts";
import type { Rows } from "../dtypes.ts";
import type { Bytes } from "../safetensors.ts";
import type { Stored } from "../tensors.ts";
import { type Layer, type Read, readBytes, type Source } from "./layer.ts";
import { narrowed } from "./narrowed.ts";
import { type ScaledRows, transposed } from "./rows.ts";
import { invalid, isObject, own, unsupported } from "./settings.ts";

type Format = (source: Source) => Layer[] | Promise<Layer[]>;

const formats = new Map<string, () => Promise<Format>>([
  ["awq", async () => (await import("./awq.ts")).awq],
  ["bitsandbytes", async () => (await import("./bitsandbytes.ts")).bitsandbytes],
  ["compressed-tensors", async () => (await import("./compressed_tensors.ts")).compressedTensors],
  ["fp8", async () => (await import("./fp8.ts")).fp8],
  ["gptq", async () => (await import("./gptq.ts")).gptq],
  ["mlx", async () => (await import("./mlx.ts")).mlx],
]);

/**
 * The tensors of a checkpoint by the name of the model's class, decoded if its config says that it is quantised. `columns` are
 * names of matrices that a family reads as [in, out], where a quantised one is [out, in].
 */
export async function decoded(
  stored: ReadonlyMap<string, Stored>,
  config: Readonly<Record<string, unknown>>,
  columns?: RegExp,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Stored>> {
  const read: Read = (one) => readBytes(one, signal);
  const [field, given] = settingsOf(config);
  if (!Object.keys(given).length) return stored;
  const method = methodOf(field, given);
  const format = formats.get(method);
  if (!format) throw unsupported(`${field}.quant_method`, method, `supported are ${[...formats.keys()].join(", ")}`);
  const layers = await (await format())({ stored, field, config: given, read, signal });

  const found = new Map(stored);
  for (const { of } of layers) for (const name of of) found.delete(name);
  const recent = new Recent();
  for (const layer of layers) {
    const { name } = layer;
    if (found.has(name)) {
      throw new RelpropError("ConfigMismatch", `the checkpoint has ${quote(name)} twice, as ${layer.kind} too`, {
        name,
      });
    }
    found.set(name, matrix(columns?.test(name) ? inColumns(layer) : layer, recent));
  }
  return found;
}

/** MLX calls its settings `quantization`, and repeats them under the name that transformers reads. */
function settingsOf(config: Readonly<Record<string, unknown>>): [string, Readonly<Record<string, unknown>>] {
  const field = own(config, "quantization") === undefined ? "quantization_config" : "quantization";
  const given = own(config, field);
  if (isObject(given)) return [field, given];
  throw invalid(field, given, "an object");
}

function methodOf(field: string, given: Readonly<Record<string, unknown>>): string {
  const method = own(given, "quant_method");
  if (typeof method === "string") return method;
  if (method !== undefined) throw invalid(`${field}.quant_method`, method, "a string");
  if (own(given, "load_in_4bit") || own(given, "load_in_8bit")) return "bitsandbytes";
  if (field === "quantization" || (Object.hasOwn(given, "group_size") && Object.hasOwn(given, "bits"))) return "mlx";
  throw unsupported(`${field}.quant_method`, method, `supported are ${[...formats.keys()].join(", ")}`);
}

/** The layer that is being read: its bytes are kept until another one is. */
class Recent {
  #layer?: Layer;
  #rows?: Promise<Rows>;

  rows(layer: Layer, read: Read): Promise<Rows> {
    if (this.#layer === layer && this.#rows) return this.#rows;
    this.#layer = layer;
    const rows = layer.open(read);
    this.#rows = rows;
    rows.catch(() => {
      if (this.#rows === rows) this.#rows = undefined;
    });
    return rows;
  }
}

/** A layer as a stored matrix of f32. */
function matrix(layer: Layer, recent: Recent): Stored {
  const [out, width] = layer.shape;
  const end = 4 * out * width;
  const open = (signal?: AbortSignal) => recent.rows(layer, (one) => readBytes(one, signal));
  const file: Bytes = {
    size: end,
    async read(start, end, signal, into) {
      const rows = await open(signal);
      const [first, last] = [start / 4, end / 4];
      const bytes = into?.subarray(0, end - start) ?? new Uint8Array(end - start);
      const to = new Float32Array(bytes.buffer, bytes.byteOffset, last - first);
      const part = new Float32Array(width);
      for (let at = first; at < last; ) {
        const [row, column] = [Math.floor(at / width), at % width];
        const n = Math.min(width - column, last - at);
        if (n === width) rows(row, to, at - first);
        else {
          rows(row, part, 0);
          to.set(part.subarray(column, column + n), at - first);
        }
        at += n;
      }
      return bytes;
    },
  };
  const info = { name: layer.name, dtype: "F32", shape: layer.shape, start: 0, end };
  const { layout, lowest } = layer;
  const scaled = open as (signal?: AbortSignal) => Promise<ScaledRows>;
  const narrow = layout && narrowed(scaled, layer.shape, layout, lowest);
  return { file, info, quantised: { ...info, dtype: layer.kind, rows: open, narrow } };
}

/** The same, the other way round. */
function inColumns({ open, shape: [out, width], ...layer }: Layer): Layer {
  return {
    ...layer,
    layout: undefined,
    shape: [width, out],
    async open(read) {
      const rows = await open(read);
      const whole = new Float32Array(out * width);
      for (let o = 0; o < out; o++) rows(o, whole, o * width);
      const turned = transposed(whole, out, width);
      return (row, to, at) => to.set(turned.subarray(row * out, (row + 1) * out), at);
    },
  };
}
