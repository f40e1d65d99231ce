// bitsandbytes: 4 bits by a table of their values (Dettmers et al., 2023), or 8 bits with a scale a row (2022).

import { quote, RelpropError } from "../../errors.ts";
import type { Rows } from "../dtypes.ts";
import type { Stored } from "../tensors.ts";
import { hasShape, type Layer, layers, matrix, numbers, type Read, type Source, type Tensors } from "./layer.ts";
import { tabled as tabledLayout } from "./narrowed.ts";
import { integersOf, scaled } from "./rows.ts";
import { isObject, unsupported } from "./settings.ts";

const MOST_STATE = 4096; // bytes of JSON
const MOST_SIZE = 2 ** 31;

export async function bitsandbytes(source: Source): Promise<Layer[]> {
  const { stored, read } = source;
  const found = [...layers(stored, "SCB")].map((layer) => rowwise(layer, source));
  for (const kind of ["nf4", "fp4"]) {
    const end = `weight.quant_state.bitsandbytes__${kind}`;
    for (const layer of layers(stored, end)) {
      found.push(await tabled(layer, layer.get(end, ["U8"]), kind, read));
    }
  }
  return found;
}

/** code · scale / 127 */
function rowwise(layer: Tensors, { field }: Source): Layer {
  const weight = layer.get("weight", ["I8"]);
  const scales = layer.get("SCB", ["F32"]);
  const format = layer.find("weight_format", ["U8"]);
  const [out, width] = matrix(weight);
  hasShape(scales, [out], `${layer.prefix}weight`);
  return {
    name: `${layer.prefix}weight`,
    shape: [out, width],
    of: layer.names,
    kind: "int8 (bitsandbytes)",
    async open(read) {
      const order = format && (await read(format))[0];
      if (order) throw unsupported(field, order, `${format.info.name} must be 0: rows, one after the other`);
      const codes = integersOf(await read(weight), width);
      const scale = await numbers(scales, read);
      return (row, out, at) => {
        codes(row, out, at);
        for (let i = at; i < at + width; i++) out[i] = Math.fround(out[i] * scale[row]) * by;
      };
    },
  };
}

const by = Math.fround(1 / 127);

/** table[code] · scale of its block, which runs over the rows. */
async function tabled(layer: Tensors, state: Stored, kind: string, read: Read): Promise<Layer> {
  const weight = layer.get("weight", ["U8", "I8", "BF16", "F16", "F32", "U32", "I32"]); // any holds the same bytes
  const map = layer.get("weight.quant_map", ["F32"]);
  const { size, shape, nested } = await stateOf(state, kind, read);
  const [out, width] = shape;
  const blocks = Math.ceil((out * width) / size);
  const scales = layer.get("weight.absmax", nested ? ["U8"] : ["F32"]);
  const bytes = weight.info.end - weight.info.start;
  if (bytes !== Math.ceil((out * width) / 2)) {
    const message = `${quote(weight.info.name)} has ${bytes} bytes, its quant_state says [${shape}] of 4 bits`;
    throw new RelpropError("SizeMismatch", message, { name: weight.info.name });
  }
  hasShape(map, [16], `${layer.prefix}weight`);
  hasShape(scales, [blocks], `${layer.prefix}weight`);
  const layout = width % size ? undefined : tabledLayout(4, size); // blocks run over the rows
  const outer = nested && {
    scale: layer.get("weight.nested_absmax", ["F32"]),
    map: layer.get("weight.nested_quant_map", ["F32"]),
  };
  if (nested) {
    hasShape(outer!.scale, [Math.ceil(blocks / nested.size)], scales.info.name);
    hasShape(outer!.map, [256], scales.info.name);
  }
  return {
    name: `${layer.prefix}weight`,
    shape,
    of: layer.names,
    kind: `${kind} (bitsandbytes)`,
    layout,
    async open(read) {
      const table = await numbers(map, read);
      const scale = outer && nested ? await scalesOf(scales, outer, nested, read) : await numbers(scales, read);
      const bytes = await read(weight);
      const codes: Rows = (row, out, at) => {
        for (let i = 0, k = row * width; i < width; i++, k++) {
          out[at + i] = table[k & 1 ? bytes[k >>> 1] & 15 : bytes[k >>> 1] >> 4];
        }
      };
      if (layout) return scaled(width, codes, { scale, columns: width / size, rows: 1, width: size });
      return (row, out, at) => {
        codes(row, out, at);
        for (let i = 0, k = row * width; i < width; i++, k++) out[at + i] *= scale[Math.floor(k / size)];
      };
    },
  };
}

interface Nested {
  size: number;
  offset: number;
}

/** Scales that are quantised themselves. */
async function scalesOf(stored: Stored, outer: Record<"scale" | "map", Stored>, { size, offset }: Nested, read: Read) {
  const [map, scale] = [await numbers(outer.map, read), await numbers(outer.scale, read)];
  const plus = Math.fround(offset);
  return Float32Array.from(
    await read(stored),
    (byte, i) => Math.fround(map[byte] * scale[Math.floor(i / size)]) + plus,
  );
}

/** What a layer's JSON says of it. */
async function stateOf(stored: Stored, kind: string, read: Read) {
  const { name, start, end } = stored.info;
  const no = (what: string) => new RelpropError("ConfigInvalid", `${quote(name)} ${what}`, { field: name });
  if (end - start > MOST_STATE) throw no(`has ${end - start} bytes, the most is ${MOST_STATE}`);
  let state: unknown;
  try {
    state = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await read(stored)));
  } catch {
    throw no("is not JSON");
  }
  if (!isObject(state)) throw no("holds no object");
  if (state.quant_type !== kind) throw no(`has quant_type ${quote(state.quant_type)}, it must be ${kind}`);
  const whole = (field: string, value: unknown): number => {
    if (Number.isInteger(value) && (value as number) > 0 && (value as number) < MOST_SIZE) return value as number;
    throw no(`has ${field} ${quote(value)}, it must be a whole number from 1`);
  };
  const { shape } = state;
  if (!Array.isArray(shape) || shape.length !== 2) throw no(`has shape ${quote(shape)}, it must be two whole numbers`);
  const offset = state.nested_offset;
  const nested = state.nested_blocksize !== undefined && state.nested_blocksize !== null;
  if (nested && !Number.isFinite(offset)) throw no(`has nested_offset ${quote(offset)}, it must be a number`);
  return {
    size: whole("blocksize", state.blocksize),
    shape: shape.map((n) => whole("shape", n)) as [number, number],
    nested: nested ? { size: whole("nested_blocksize", state.nested_blocksize), offset: offset as number } : undefined,
  };
}
