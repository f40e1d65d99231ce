// AWQ (Lin et al., 2023), as AutoAWQ writes it: codes [in, out] packed along `out`, eight a word in an order of their own.

import type { Rows } from "../dtypes.ts";
import { hasShape, type Layer, layers, matrix, numbers, type Source, unexpectedShape, WORDS, words } from "./layer.ts";
import { exact, whole } from "./narrowed.ts";
import { scaled, transposed } from "./rows.ts";
import { bitsOf, groupSize, oneOf, unsupported } from "./settings.ts";

/** Where in a word the code of each of eight columns begins. */
const SHIFT = [0, 4, 1, 5, 2, 6, 3, 7].map((place) => 4 * place);

export function awq(source: Source): Layer[] {
  const { config, field, stored } = source;
  bitsOf(config, field, "bits" in config ? "bits" : "w_bit", [4]);
  oneOf(source, "version", ["gemm", "GEMM"]);
  oneOf(source, "format", ["gemm", "GEMM"]);
  return [...layers(stored, "qweight")].map((layer) => {
    const qweight = layer.get("qweight", WORDS);
    const qzeros = layer.get("qzeros", WORDS);
    const scales = layer.get("scales");
    const [width, perRow] = matrix(qweight);
    const out = 8 * perRow;
    const [groups] = matrix(scales);
    hasShape(scales, [groups, out], `${layer.prefix}qweight`);
    hasShape(qzeros, [groups, perRow], `${layer.prefix}scales`);
    const size = groupSize(config, field, "group_size" in config ? "group_size" : "q_group_size") ?? width;
    if (Math.ceil(width / size) !== groups) {
      throw unsupported(`${field}.group_size`, size, `${layer.prefix}scales has ${groups} groups of ${width} columns`);
    }
    if (width % size) throw unexpectedShape(qweight, [`a multiple of ${size}`, perRow], `${field}.group_size`);
    const columns =
      (codes: Uint32Array, rows: number): Rows =>
      (row, to, at) => {
        const shift = SHIFT[row & 7];
        for (let i = 0, from = row >> 3; i < rows; i++, from += perRow) to[at + i] = (codes[from] >>> shift) & 15;
      };
    return {
      name: `${layer.prefix}weight`,
      shape: [out, width],
      of: layer.names,
      kind: "int4 (awq)",
      layout: exact(scales.info) ? whole(4, size, true) : undefined,
      async open(read) {
        const zero = new Float32Array(out * groups);
        const zeros = columns(words(await read(qzeros)), groups);
        for (let o = 0; o < out; o++) zeros(o, zero, o * groups);
        const scale = transposed(await numbers(scales, read), groups, out);
        const grid = { scale, zero, columns: groups, rows: 1, width: size };
        return scaled(width, columns(words(await read(qweight)), width), grid);
      },
    };
  });
}
