import { type Config, field, integer, major } from "./config.ts";
import { decoder, heads } from "./decoder.ts";
import type { Family } from "./family.ts";
import { layerTypes, windows } from "./layer_types.ts";
import { real } from "./numbers.ts";
import { normedAfter, olmo2, weights } from "./olmo2.ts";
import { object, type Rope, rope, ropeOf } from "./rope.ts";

/** OLMo 3 (2025): OLMo 2 with sliding-window attention in three of four blocks, which have their own rotations. */
export const olmo3: Family = {
  fields: {
    ...olmo2.fields,
    read: { ...olmo2.fields.read, layer_types: null, rope_theta: null, sliding_window: 4096 },
  },
  own: "model",
  build(config, w) {
    const listed = layerTypes(config, (i) => ((i + 1) % 4 ? "sliding_attention" : "full_attention"));
    return decoder(config, weights(config, w), {
      ...normedAfter(config),
      lacks: ["sequence-classification", "token-classification", "question-answering"],
      ropes: ropes(config),
      kind: (i) => listed[i],
      window: windows(config, listed),
    });
  },
};

/** The rotations of both types of blocks: what scales positions counts for those that see the whole text alone. */
function ropes(config: Config): Record<string, Rope> {
  const { d } = heads(config);
  const old = { theta: 10000 };
  if (major(config) < 5) {
    return {
      full_attention: ropeOf(config, d, old),
      sliding_attention: ropeOf({ ...config, rope_scaling: null }, d, old),
    };
  }
  const longest = integer(config, "max_position_embeddings", 2 ** 30);
  const given = object(config, "rope_parameters");
  const of = (type: string, more: Config, usual: number) => {
    const name = `rope_parameters.${type}`;
    const parameters = { ...object({ [name]: given[type] }, name), ...more };
    const theta = real({ [name]: field(parameters, "rope_theta") }, name, usual);
    return rope(parameters, {
      name,
      d,
      theta,
      longest,
      truncate: given.truncate === undefined || Boolean(given.truncate),
    });
  };
  return {
    full_attention: of("full_attention", object(config, "rope_scaling"), real(config, "rope_theta", 500000)),
    sliding_attention: of("sliding_attention", {}, 500000),
  };
}
