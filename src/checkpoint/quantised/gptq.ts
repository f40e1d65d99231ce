// GPTQ (Frantar et al., 2022), as AutoGPTQ and GPTQModel write it: codes [in, out] packed along `in`.

import { quote, RelpropError } from "../../errors.ts";
import type { Rows } from "../dtypes.ts";
import { hasShape, type Layer, layers, matrix, numbers, type Source, type Tensors, WORDS, words } from "./layer.ts";
import { exact, whole } from "./narrowed.ts";
import { scaled, transposed } from "./rows.ts";
import { groupSize, oneOf, own, unsupported } from "./settings.ts";

export function gptq(source: Source): Layer[] {
  const { config, field, stored } = source;
  oneOf(source, "bits", [2, 4, 8]);
  const [old, now] = ["gptq", "gptq_v2"];
  const label = oneOf(source, "checkpoint_format", [old, now]) ?? oneOf(source, "format", [old, now]) ?? old;
  return [...layers(stored, "qweight")].map((layer) => one(layer, config, field, label === now));
}

function one(layer: Tensors, config: Source["config"], field: string, late: boolean): Layer {
  const qweight = layer.get("qweight", WORDS);
  const qzeros = layer.get("qzeros", WORDS);
  const scales = layer.get("scales");
  const order = layer.find("g_idx", WORDS);
  const [rows, out] = matrix(qweight);
  const [groups, zeroWords] = matrix(qzeros);
  hasShape(scales, [groups, out], `${layer.prefix}qweight`);
  // Settings of single layers are by patterns (`dynamic`); what they set is in the shapes.
  const bits = (32 * zeroWords) / out;
  if (![2, 4, 8].includes(bits)) throw unsupported(`${field}.bits`, bits, `${layer.prefix}qzeros has so many a number`);
  const width = (32 * rows) / bits;
  hasShape(order, [width], `${layer.prefix}qweight`);
  const dynamic = own(config, "dynamic") !== undefined;
  const given = dynamic ? undefined : groupSize(config, field);
  const size = given ?? Math.ceil(width / groups);
  if (Math.ceil(width / size) !== groups) {
    throw unsupported(`${field}.group_size`, size, `${layer.prefix}scales has ${groups} groups of ${width} columns`);
  }
  if (own(config, "desc_act") === true && !order) layer.get("g_idx");
  const ordered = order && (own(config, "desc_act") === true || dynamic);
  return {
    name: `${layer.prefix}weight`,
    shape: [out, width],
    of: layer.names,
    kind: `int${bits} (gptq)`,
    layout: exact(scales.info) && !ordered ? whole(bits, size, true) : undefined,
    async open(read) {
      const codes = words(await read(qweight));
      const zero = zeros(words(await read(qzeros)), bits, late, own(config, "sym") !== false);
      const group = order && groupsOf(new Int32Array(words(await read(order))), order.info.name);
      return scaled(width, columns(codes, width, out, bits), {
        scale: transposed(await numbers(scales, read), groups, out),
        zero: transposed(zero, groups, out),
        columns: groups,
        rows: 1,
        width: size,
        group,
      });
    },
  };

  function groupsOf(given: Int32Array, name: string): Int32Array {
    const bad = given.findIndex((group) => group < 0 || group >= groups);
    if (bad >= 0) throw wrong(name, bad, given[bad], `there are ${groups} groups`);
    const late =
      own(config, "desc_act") === true || dynamic ? -1 : given.findIndex((g, i) => g !== Math.floor(i / size));
    if (late >= 0) throw wrong(name, late, given[late], `without desc_act it must be ${Math.floor(late / size)}`);
    return given;
  }
}

const wrong = (name: string, index: number, value: number, why: string) =>
  new RelpropError("ConfigMismatch", `${quote(name)} holds ${value} at ${index}, but ${why}`, { name, index, value });

/** Codes [in, out], packed along `in`, a column at a time. */
const columns =
  (codes: Uint32Array, width: number, out: number, bits: number): Rows =>
  (row, to, at) => {
    const [per, mask] = [32 / bits, 2 ** bits - 1];
    for (let i = 0, from = row; i < width; i += per, from += out) {
      const word = codes[from];
      for (let j = 0; j < per; j++) to[at + i + j] = (word >>> (bits * j)) & mask;
    }
  };

/**
 * Zero points [groups, out]. Files of version 1 hold them less one, subtracted of whole words. Some say version 1 and hold them
 * as they are: of a symmetric one it is known what they must be.
 */
function zeros(stored: Uint32Array, bits: number, late: boolean, symmetric: boolean): Float32Array {
  const [per, mask] = [32 / bits, 2 ** bits - 1];
  const ones = (0xffffffff / mask) >>> 0;
  const middle = 2 ** (bits - 1);
  const all = (value: number) => symmetric && stored.every((word) => word === (ones * value) >>> 0);
  const plus = all(middle) ? 0 : all(middle - 1) || !late ? ones : 0;
  const out = new Float32Array(stored.length * per);
  for (let i = 0; i < out.length; i++) {
    const word = (stored[Math.floor(i / per)] + plus) >>> 0;
    out[i] = (word >>> (bits * (i % per))) & mask;
  }
  return out;
}
