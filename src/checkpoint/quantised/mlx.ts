// MLX (Hannun et al., 2023): a layer is quantised if it has scales.

import type { Rows } from "../dtypes.ts";
import type { Stored } from "../tensors.ts";
import { e2m1, e4m3, e8m0 } from "./floats.ts";
import {
  hasShape,
  type Layer,
  layers,
  numbers,
  type Read,
  type Source,
  type Tensors,
  unexpectedShape,
  words,
} from "./layer.ts";
import { exact, tabled, whole } from "./narrowed.ts";
import { bytesOf, nibblesOf, packed, type ScaledRows, scaled } from "./rows.ts";
import { bitsOf, groupSize, invalid, isObject, own, unsupported } from "./settings.ts";

/** The kinds that have no biases: their group, bits and dtype of scales. */
const MODES = new Map([
  ["mxfp4", { size: 32, bits: 4, scale: e8m0 }],
  ["mxfp8", { size: 32, bits: 8, scale: e8m0 }],
  ["nvfp4", { size: 16, bits: 4, scale: e4m3 }],
]);

interface Settings {
  mode: string;
  bits: number;
  size: number;
}

export function mlx({ config, field, stored }: Source): Layer[] {
  const whole = settings(config, field);
  return [...layers(stored, "scales")].flatMap((layer) => {
    const path = layer.prefix.slice(0, -1);
    const given = own(config, path);
    if (given === false) throw unsupported(`${field}.${path}`, false, `the checkpoint has ${layer.prefix}scales`);
    if (given !== undefined && given !== true && !isObject(given)) {
      throw invalid(`${field}.${path}`, given, "an object, true or false");
    }
    return matrices(layer, isObject(given) ? settings(given, `${field}.${path}`) : whole);
  });
}

function settings(config: Source["config"], field: string): Settings {
  const mode = own(config, "mode") ?? "affine";
  const fixed = MODES.get(mode as string);
  if (fixed) {
    const bits = own(config, "bits") === undefined ? fixed.bits : bitsOf(config, field, "bits", [fixed.bits]);
    const size = groupSize(config, field) ?? fixed.size;
    if (size === fixed.size) return { mode: mode as string, bits, size };
    throw unsupported(`${field}.group_size`, size, `of ${mode} it is ${fixed.size}`);
  }
  if (mode !== "affine") {
    throw unsupported(`${field}.mode`, mode, `supported is affine, ${[...MODES.keys()].join(", ")}`);
  }
  const bits = own(config, "bits") === undefined ? 4 : bitsOf(config, field, "bits", [2, 3, 4, 5, 6, 8]);
  return { mode: "affine", bits, size: groupSize(config, field) ?? 64 };
}

/** The matrix of a layer, or those of its experts. */
function matrices(layer: Tensors, { mode, bits, size }: Settings): Layer[] {
  const weight = layer.get("weight", ["U32"]);
  const fixed = MODES.get(mode);
  const scales = layer.get("scales", fixed && ["U8"]);
  const biases = fixed ? undefined : layer.get("biases");
  const { shape } = weight.info;
  if (shape.length < 2 || shape.length > 3 || shape.includes(0))
    throw unexpectedShape(weight, ["rows", "columns"], "a matrix");
  const [before, perRow] = [shape.slice(0, -1), shape[shape.length - 1]];
  const width = (perRow * 32) / bits;
  for (const one of [scales, biases]) hasShape(one, [...before, width / size], `${layer.prefix}weight`);
  const out = before[before.length - 1];
  const open = async (read: Read) => {
    const bytes = await read(weight);
    const scale = fixed ? valuesOf(await read(scales), fixed.scale()) : await numbers(scales, read);
    const offset = biases && (await numbers(biases, read));
    const codes = fixed
      ? (bits === 4 ? nibblesOf : bytesOf)(bytes, width, bits === 4 ? e2m1() : e4m3())
      : packed(words(bytes), width, bits, perRow);
    return scaled(width, codes, { scale, offset, columns: width / size, rows: 1, width: size });
  };
  const layout = fixed ? tabled(bits === 4 ? 4 : 8, size) : exact(scales.info) ? whole(bits, size, true) : undefined;
  const one = { of: layer.names, layout, kind: fixed ? `${mode} (mlx)` : `int${bits} (mlx)`, shape: [out, width] };
  if (before.length === 1) return [{ ...one, name: `${layer.prefix}weight`, open }];
  const names = expertNames(layer.prefix, weight, before[0]);
  return names.map((name, e) => ({
    ...one,
    name,
    async open(read) {
      const rows = await open(read);
      return ofExpert(rows, e * out, width / size);
    },
  }));
}

const valuesOf = (bytes: Uint8Array, table: Float32Array) => Float32Array.from(bytes, (byte) => table[byte]);

/** The rows of one expert, from `first` on. */
function ofExpert({ codes, grid }: ScaledRows, first: number, columns: number): Rows {
  const from = first * columns;
  const { scale, offset } = grid;
  return scaled(columns * grid.width, (row, to, at) => codes(first + row, to, at), {
    ...grid,
    scale: scale.subarray(from),
    offset: offset?.subarray(from),
  });
}

/** What Hugging Face calls experts that MLX stacks. */
function expertNames(prefix: string, weight: Stored, n: number): string[] {
  const [, before, after] = /^(.*\.)switch_mlp\.(.*)$/.exec(prefix) ?? [];
  if (before === undefined) throw unexpectedShape(weight, ["rows", "columns"], "a matrix");
  return Array.from({ length: n }, (_, e) => `${before}experts.${e}.${after}weight`);
}
