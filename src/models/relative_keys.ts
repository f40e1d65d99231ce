import type { Data } from "../backends/backend.ts";
import type { Weights } from "../checkpoint/weights.ts";
import { cols, input, type Tensor } from "../graph/tensor.ts";
import type { Tables } from "../inputs/encoded.ts";
import { scores } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { relativeShift } from "../ops/relative_shift.ts";
import { type Config, field, integer, unsupported } from "./config.ts";

/** What attention needs of positions that are relative. */
interface Relative {
  /** Names of the blocks' tables [2 · most − 1, width of a head], by the key under which `data` has each. */
  tables: Record<`distances ${number}`, string>;
  data(t: number, tables: Tables): Data;
  bias(block: number): (q: Tensor, k: Tensor) => Tensor;
}

/**
 * `position_embedding_type` `relative_key` (Shaw et al., 2018) and `relative_key_query` (Huang et al., 2020): scores also have
 * products of queries, or of queries and keys, with a vector for how far apart two tokens are; there are no other positions.
 * transformers 5 has removed both and takes every such model for absolute. The version that wrote the file
 * decides: see `dropped` in fields.ts. `layers` are the blocks' attentions, `heads` says how many each has, `scaled` whether the
 * products are divided like the others.
 */
export function relativeKeys(
  config: Config,
  layers: readonly Weights[],
  heads: (block: number) => number,
  scaled = true,
): Relative | undefined {
  const kind = field(config, "position_embedding_type");
  const name = "distance_embedding.weight";
  if (kind === "absolute") return undefined;
  if (kind !== "relative_key" && kind !== "relative_key_query") {
    throw unsupported("position_embedding_type", kind, "supported are absolute, relative_key and relative_key_query");
  }
  if (field(config, "is_decoder")) {
    throw unsupported("position_embedding_type", kind, "a decoder (is_decoder) is supported with absolute positions");
  }
  const most = integer(config, "max_position_embeddings", 2 ** 20);
  const width = layers[0]?.shape(name)?.[1] ?? 0;
  const names = layers.map((layer) => layer.demand(name, [2 * most - 1, width]));
  return {
    tables: Object.fromEntries(names.map((name, i) => [`distances ${i}`, name])),
    data(t, tables) {
      const data: Data = {};
      for (const i of layers.keys()) {
        const all = width * heads(i); // the same vector for each head
        const rows = new Float32Array((2 * t - 1) * all);
        for (let c = 0; c < 2 * t - 1; c++) {
          for (let h = 0; h < heads(i); h++) tables[`distances ${i}`]!(c + most - t, rows, c * all + h * width);
        }
        data[`distances ${i}`] = rows;
      }
      return data;
    },
    bias: (i) => (q, k) => {
      const vectors = input(`distances ${i}`, [1, 2 * q.shape[1] - 1, cols(q)]);
      const by = (x: Tensor, keys: boolean) =>
        relativeShift(scores(x, vectors, heads(i), scaled ? 1 / Math.sqrt(width) : 1), keys);
      return kind === "relative_key" ? by(q, false) : add(by(q, false), by(k, true));
    },
  };
}
