import { tanh } from "../ops/activation.ts";
import { activation, agree, integer, positive } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Family } from "./family.ts";
import { dense, postNorm } from "./layers.ts";
import { relativeKeys } from "./relative_keys.ts";

const names = {
  q: "attention.query",
  k: "attention.key",
  v: "attention.value",
  o: "attention.dense",
  norm: "attention.LayerNorm",
  up: "ffn",
  down: "ffn_output",
  after: "full_layer_layer_norm",
};

/** ALBERT (Lan et al., 2019): narrow embeddings, and groups of layers used several times. */
export const albert: Family = {
  fields: {
    read: {
      embedding_size: 128,
      hidden_act: "gelu_new",
      hidden_size: 4096,
      inner_group_num: 1,
      intermediate_size: 16384,
      layer_norm_eps: 1e-12,
      max_position_embeddings: 512,
      num_attention_heads: 64,
      num_hidden_groups: 1,
      num_hidden_layers: 12,
      position_embedding_type: "absolute",
      type_vocab_size: 2,
      vocab_size: 30000,
    },
    idle: ["attention_probs_dropout_prob", "classifier_dropout_prob", "hidden_dropout_prob"],
    only: {},
    dropped: ["position_embedding_type"],
  },
  build(config, w) {
    const base = w.base("albert");
    const width = integer(config, "hidden_size", 2 ** 20);
    const first = base.at("encoder.albert_layer_groups.0.albert_layers.0");
    const inner = first.shape("ffn.weight")?.[0] ?? 0;
    agree(config, "intermediate_size", inner, first.name("ffn.weight"));
    const layers = integer(config, "num_hidden_layers", 512);
    const groups = integer(config, "num_hidden_groups", 512);
    const each = integer(config, "inner_group_num", Math.floor(512 / layers));
    const blocks = Array.from({ length: layers * each }, (_, i) => {
      const group = Math.trunc(Math.floor(i / each) / (layers / groups));
      return base.at(`encoder.albert_layer_groups.${group}.albert_layers.${i % each}`);
    });
    const eps = positive(config, "layer_norm_eps");
    const act = activation(config, "hidden_act");
    const heads = integer(config, "num_attention_heads", 65536);
    const attentions = blocks.map((block) => block.at("attention"));
    const relative = relativeKeys(config, attentions, () => heads, false);
    const how = { heads, inner, eps, act, names };
    const table = (kind: string) => base.name(`embeddings.${kind}_embeddings.weight`);
    const narrow = w.shape(table("word"))?.[1];
    if (narrow) agree(config, "embedding_size", narrow, table("word"));
    return encoder(config, w, {
      tables: {
        words: table("word"),
        positions: relative ? undefined : table("position"),
        types: table("token_type"),
        ...relative?.tables,
      },
      data: relative?.data,
      norm: base.at("embeddings.LayerNorm"),
      eps,
      enter: (x) => dense(x, base.at("encoder.embedding_hidden_mapping_in"), width),
      width,
      blocks: blocks.length,
      block: (i, read, x, embedded) => postNorm(blocks[i], read, x, embedded, { ...how, bias: relative?.bias(i) }),
      placed: relative !== undefined,
      heads: {
        "sequence-classification": { dense: "albert.pooler", act: tanh, out: "classifier" },
        "token-classification": { out: "classifier" },
        "question-answering": { out: "qa_outputs" },
        "masked-lm": {
          dense: "predictions.dense",
          act,
          norm: "predictions.LayerNorm",
          out: "predictions.decoder",
          tied: table("word"),
          bias: "predictions.bias",
        },
        "multiple-choice": { dense: "albert.pooler", act: tanh, out: "classifier" },
        embedding: "none",
      },
    });
  },
};
