// compressed-tensors: whole numbers or floats of 4 to 8 bits, with a scale a matrix, row, group or block.

import { quote, RelpropError } from "../../errors.ts";
import type { Rows } from "../dtypes.ts";
import type { Stored } from "../tensors.ts";
import { e2m1, e4m3 } from "./floats.ts";
import {
  FLOATS,
  type Layer,
  layers,
  matrix,
  numbers,
  type Read,
  type Source,
  type Tensors,
  WORDS,
  words,
} from "./layer.ts";
import { exact, tabled, whole } from "./narrowed.ts";
import { bytesOf, code, type Grid, integersOf, nibblesOf, packed, scaled } from "./rows.ts";
import { blockSize, groupSize, invalid, isObject, own, unsupported } from "./settings.ts";

const FORMATS = [
  ...["pack-quantized", "int-quantized", "float-quantized", "naive-quantized"],
  ...["nvfp4-pack-quantized", "mxfp4-pack-quantized", "mixed-precision", "dense"],
];

const MOST_GROUPS = 256; // each layer's scales are held against all of them

/** How the weights of some layers are stored: bits, and the rows and columns that share a scale. */
interface Scheme {
  bits: number;
  rows?: number;
  width?: number;
}

export async function compressedTensors(source: Source): Promise<Layer[]> {
  const { config, field, stored, read } = source;
  const status = own(config, "quantization_status") ?? "compressed";
  if (status !== "compressed") throw unsupported(`${field}.quantization_status`, status, "supported is compressed");
  for (const name of ["transform_config", "sparsity_config"]) {
    const value = own(config, name);
    const dense = isObject(value) && (!Object.keys(value).length || own(value, "format") === "dense");
    const idle =
      isObject(value) && isObject(own(value, "config_groups")) && !Object.keys(value.config_groups as object).length;
    if (value !== undefined && !dense && !idle) throw unsupported(`${field}.${name}`, value, "supported is none");
  }
  const all = schemes(config, field);
  const found: Layer[] = [];
  for (const layer of layers(stored, "weight_packed")) found.push(await packedLayer(layer, all, read, field));
  for (const layer of layers(stored, "weight_scale")) {
    if (!stored.has(`${layer.prefix}weight_packed`)) found.push(plainLayer(layer, all, field));
  }
  return found;
}

function schemes(config: Source["config"], field: string): Scheme[] {
  const groups = own(config, "config_groups");
  if (!isObject(groups)) throw invalid(`${field}.config_groups`, groups, "an object");
  const format = (value: unknown, where: string) => {
    if (value !== undefined && !FORMATS.includes(value as string)) {
      throw unsupported(`${where}.format`, value, `supported is ${FORMATS.join(", ")}`);
    }
  };
  format(own(config, "format"), field);
  const all = Object.entries(groups);
  if (all.length > MOST_GROUPS) {
    const message = `config.json's ${field}.config_groups has ${all.length} groups, the most is ${MOST_GROUPS}`;
    throw new RelpropError("LimitExceeded", message, { field: `${field}.config_groups` });
  }
  return all.flatMap(([name, group]) => {
    const where = `${field}.config_groups.${name}`;
    if (!isObject(group)) throw invalid(where, group, "an object");
    format(own(group, "format"), where);
    const weights = own(group, "weights");
    if (weights === undefined) return [];
    if (!isObject(weights)) throw invalid(`${where}.weights`, weights, "an object");
    const bits = own(weights, "num_bits") ?? 8;
    if (!(Number.isInteger(bits) && (bits as number) >= 1 && (bits as number) <= 8)) {
      throw unsupported(`${where}.weights.num_bits`, bits, "supported is 1 to 8");
    }
    return [{ bits: bits as number, ...blocks(weights, `${where}.weights`) }];
  });
}

function blocks(weights: Source["config"], where: string): Omit<Scheme, "bits"> {
  const size = groupSize(weights, where);
  const strategy = own(weights, "strategy") ?? (size ? "group" : "tensor");
  if (strategy === "tensor") return {};
  if (strategy === "channel") return { rows: 1 };
  if (strategy === "group" || strategy === "tensor_group") {
    if (size) return { rows: 1, width: size };
    throw invalid(`${where}.group_size`, own(weights, "group_size"), "a whole number from 1");
  }
  if (strategy !== "block") {
    throw unsupported(`${where}.strategy`, strategy, "supported is tensor, channel, group, tensor_group and block");
  }
  const [rows, width] = blockSize(own(weights, "block_structure"), `${where}.block_structure`);
  return { rows, width };
}

/** The one way in which scales of this shape lie over a matrix. Which layers a group has is by patterns; shapes say it too. */
function fitting(
  all: readonly Scheme[],
  scales: Stored,
  out: number,
  width: number,
  field: string,
  bits?: (n: number) => boolean,
) {
  const { shape, name } = scales.info;
  const found = new Map<string, { bits: number; rows: number; width: number; columns: number }>();
  for (const scheme of all.filter((one) => !bits || bits(one.bits))) {
    const [rows, wide] = [Math.min(scheme.rows ?? out, out), Math.min(scheme.width ?? width, width)];
    const columns = Math.ceil(width / wide);
    const wanted = [Math.ceil(out / rows), columns];
    const single = wanted[0] * columns === 1 && shape.length <= 1 && shape.every((n) => n === 1);
    const vector = columns === 1 && shape.length === 1 && shape[0] === wanted[0];
    if (!single && !vector && !(shape.length === 2 && shape.every((n, i) => n === wanted[i]))) continue;
    found.set(`${bits ? scheme.bits : ""} ${rows} ${wide}`, { bits: scheme.bits, rows, width: wide, columns });
  }
  const [one, other] = found.values();
  if (one && !other) return one;
  const message = `${quote(name)} is [${shape.join(", ")}], which fits ${one ? "several" : "none"} of ${field}.config_groups`;
  throw new RelpropError("ConfigMismatch", message, { field: `${field}.config_groups`, name });
}

async function packedLayer(layer: Tensors, all: readonly Scheme[], read: Read, field: string): Promise<Layer> {
  const weight = layer.get("weight_packed", [...WORDS, "U8"]);
  const [out, perRow] = matrix(weight);
  if (weight.info.dtype === "U8") return fp4(layer, weight, all, field);
  const scales = layer.get("weight_scale");
  const width = await widthOf(layer, out, read);
  const grid = fitting(all, scales, out, width, field, (bits) => Math.ceil((width * bits) / 32) === perRow);
  const { bits, columns } = grid;
  const rows = Math.ceil(out / grid.rows);
  const zeros = layer.find("weight_zero_point", WORDS);
  if (zeros) shaped(zeros, [Math.ceil((rows * bits) / 32), columns]);
  const order = layer.find("weight_g_idx", WORDS);
  if (order) shaped(order, [width]);
  return {
    name: `${layer.prefix}weight`,
    shape: [out, width],
    of: layer.names,
    kind: `int${bits} (compressed-tensors)`,
    layout: order || (zeros && !exact(scales.info)) ? undefined : whole(bits, grid.width, Boolean(zeros)),
    lowest: -(2 ** (bits - 1)),
    async open(read) {
      const middle = 2 ** (bits - 1);
      const codes = packed(words(await read(weight)), width, bits, perRow, middle);
      const zero = zeros && unpacked(words(await read(zeros)), rows, columns, bits, middle);
      const group = order && groupsOf(order, new Int32Array(words(await read(order))), columns);
      return scaled(width, codes, { ...grid, scale: await numbers(scales, read), zero, group });
    },
  };
}

/** How many columns a packed matrix has. */
async function widthOf(layer: Tensors, out: number, read: Read): Promise<number> {
  const stored = layer.get("weight_shape", ["I64", "I32"]);
  shaped(stored, [2]);
  const bytes = await read(stored);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const long = stored.info.dtype === "I64";
  const [rows, width] = [0, 1].map((i) => (long ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true)));
  if (rows === out && width > 0 && width < 2 ** 31) return width;
  const message = `${quote(stored.info.name)} says [${rows}, ${width}], weight_packed has ${out} rows`;
  throw new RelpropError("ConfigMismatch", message, { name: stored.info.name });
}

/** Zero points [rows, columns], packed along the rows. */
function unpacked(stored: Uint32Array, rows: number, columns: number, bits: number, middle: number): Float32Array {
  const perColumn = stored.length / columns;
  const one = new Uint32Array(perColumn);
  const out = new Float32Array(rows * columns);
  for (let c = 0; c < columns; c++) {
    for (let w = 0; w < perColumn; w++) one[w] = stored[w * columns + c];
    for (let r = 0; r < rows; r++) out[r * columns + c] = (code(one, 0, r * bits, bits) & (2 ** bits - 1)) - middle;
  }
  return out;
}

function groupsOf(stored: Stored, given: Int32Array, groups: number): Int32Array {
  const bad = given.findIndex((group) => group < 0 || group >= groups);
  if (bad < 0) return given;
  const message = `${quote(stored.info.name)} holds ${given[bad]} at ${bad}, but there are ${groups} groups`;
  throw new RelpropError("ConfigMismatch", message, { name: stored.info.name, index: bad, value: given[bad] });
}

/** Two floats of 4 bits a byte; their scales are floats of 8 bits, or powers of two. */
function fp4(layer: Tensors, weight: Stored, all: readonly Scheme[], field: string): Layer {
  const [out, perRow] = matrix(weight);
  const width = 2 * perRow;
  const scales = layer.get("weight_scale", ["F8_E4M3", "U8", "F8_E8M0", ...FLOATS]);
  const global = scales.info.dtype === "F8_E4M3" ? layer.get("weight_global_scale", ["F32"]) : undefined;
  if (global && !global.info.shape.every((n) => n === 1)) shaped(global, [1]);
  const grid = fitting(all, scales, out, width, field, (bits) => bits === 4);
  return {
    name: `${layer.prefix}weight`,
    shape: [out, width],
    of: layer.names,
    kind: `${global ? "nvfp4" : "mxfp4"} (compressed-tensors)`,
    layout: tabled(4, grid.width),
    async open(read) {
      const scale = await numbers(scales, read);
      const by = global && (await numbers(global, read))[0];
      const own = by === undefined ? scale : scale.map((one) => one / by);
      return scaled(width, nibblesOf(await read(weight), width, e2m1()), { ...grid, scale: own });
    },
  };
}

/** Numbers that are not packed. */
function plainLayer(layer: Tensors, all: readonly Scheme[], field: string): Layer {
  const weight = layer.get("weight", ["I8", "F8_E4M3"]);
  const scales = layer.get("weight_scale");
  const [out, width] = matrix(weight);
  const grid = fitting(all, scales, out, width, field);
  const plain = weight.info.dtype === "I8";
  const zeros = layer.find("weight_zero_point", ["I8", ...FLOATS, "F8_E4M3"]);
  if (zeros) shaped(zeros, scales.info.shape);
  return {
    name: `${layer.prefix}weight`,
    shape: [out, width],
    of: layer.names,
    kind: `${plain ? "int8" : "F8_E4M3"} (compressed-tensors)`,
    layout: plain
      ? zeros && !(exact(scales.info) && zeros.info.dtype === "I8")
        ? undefined
        : whole(8, grid.width, Boolean(zeros))
      : zeros
        ? undefined
        : tabled(8, grid.width),
    lowest: -128,
    async open(read) {
      const bytes = await read(weight);
      const codes: Rows = plain ? integersOf(bytes, width) : bytesOf(bytes, width, e4m3());
      const found: Grid = { ...grid, scale: await numbers(scales, read) };
      if (!zeros) return scaled(width, codes, found);
      const zero =
        zeros.info.dtype === "I8" ? Float32Array.from(new Int8Array(await read(zeros))) : await numbers(zeros, read);
      return scaled(width, codes, { ...found, zero });
    },
  };
}

function shaped(stored: Stored, wanted: readonly number[]): void {
  const { shape, name } = stored.info;
  if (shape.length === wanted.length && shape.every((n, i) => n === wanted[i])) return;
  const message = `${quote(name)} is [${shape.join(", ")}], it must be [${wanted.join(", ")}]`;
  throw new RelpropError("UnexpectedShape", message, { name, expected: wanted, got: shape });
}
