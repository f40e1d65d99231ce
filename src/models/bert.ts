import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { tanh } from "../ops/activation.ts";
import { activation, agree, type Config, flag, integer, positive, unsupported } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Architecture, Family } from "./family.ts";
import type { Fields } from "./fields.ts";
import type { Heads } from "./heads.ts";
import { causalSpan, dense, postNorm } from "./layers.ts";
import type { Older } from "./older_bert.ts";

/** How BERT's checkpoints name a block's layers. */
export const names = {
  q: "attention.self.query",
  k: "attention.self.key",
  v: "attention.self.value",
  o: "attention.output.dense",
  norm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  after: "output.LayerNorm",
};

export const fields: Fields = {
  read: {
    add_cross_attention: false,
    hidden_act: "gelu",
    hidden_size: 768,
    intermediate_size: 3072,
    is_decoder: false,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 512,
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 0,
    position_embedding_type: "absolute",
    pruned_heads: {},
    type_vocab_size: 2,
    vocab_size: 30522,
  },
  idle: ["attention_probs_dropout_prob", "classifier_dropout", "hidden_dropout_prob"],
  only: {},
  dropped: ["position_embedding_type"],
};

/** BERT (Devlin et al., 2018): embeddings, encoder, and a head with or without a pooler; `older` see bertLike(). */
export const bertFamily = (older?: Older): Family => ({
  fields,
  build(config, w) {
    const lm = "cls.predictions";
    const pooler = { dense: "bert.pooler.dense", act: tanh };
    const heads: Heads = {
      "sequence-classification": { ...pooler, out: "classifier" },
      "token-classification": { out: "classifier" },
      "question-answering": { out: "qa_outputs" },
      "masked-lm": {
        dense: `${lm}.transform.dense`,
        act: activation(config, "hidden_act"),
        norm: `${lm}.transform.LayerNorm`,
        out: `${lm}.decoder`,
        tied: "bert.embeddings.word_embeddings.weight",
        bias: `${lm}.bias`,
        apart: "first",
      },
      "next-sentence-prediction": { ...pooler, out: "cls.seq_relationship" },
      "multiple-choice": { ...pooler, out: "classifier" },
      embedding: "none",
    };
    return bertLike(config, w, "bert", heads, { older });
  },
});

export const bert: Family = bertFamily();

/**
 * An encoder with BERT's blocks and names under `prefix`. Positions do not count tokens of the id `uncounted`, if there is one,
 * and start after it; embeddings pass the dense layer `enter`, if there is one. `older` is what transformers 5 has removed, for
 * configs that ask for it.
 */
export function bertLike(
  config: Config,
  w: Weights,
  prefix: string,
  heads: Heads,
  { uncounted, enter, older }: { uncounted?: number; enter?: string; older?: Older } = {},
): Architecture {
  const base = w.base(prefix);
  const inner = base.shape("encoder.layer.0.intermediate.dense.weight")?.[0] ?? 0;
  agree(config, "intermediate_size", inner, base.name("encoder.layer.0.intermediate.dense.weight"));
  const decoder = flag(config, "is_decoder");
  if (flag(config, "add_cross_attention") && !decoder)
    throw unsupported("add_cross_attention", true, "is_decoder is not true");
  const eps = positive(config, "layer_norm_eps");
  const many = integer(config, "num_attention_heads", 65536);
  const lost = older?.pruned(config, many) ?? (() => 0);
  const blocks = integer(config, "num_hidden_layers", 512);
  const layers = Array.from({ length: blocks }, (_, i) => base.at(`encoder.layer.${i}`));
  const relative = older?.relativeKeys(
    config,
    layers.map((layer) => layer.at("attention.self")),
    (i) => many - lost(i),
  );
  const how = {
    heads: many,
    inner,
    eps,
    act: activation(config, "hidden_act"),
    names,
    span: decoder ? causalSpan(config) : undefined,
  };
  const table = (kind: string) => base.name(`embeddings.${kind}_embeddings.weight`);
  const narrow = w.shape(table("word"))?.[1] ?? 0;
  if (enter && narrow) agree(config, "embedding_size", narrow, table("word"));
  const width = enter && narrow ? integer(config, "hidden_size", 2 ** 20) : narrow;
  return encoder(config, w, {
    ...(enter && width !== narrow && { width, enter: (x: Tensor) => dense(x, base.at(enter), width) }),
    tables: {
      words: table("word"),
      positions: relative ? undefined : table("position"),
      types: table("token_type"),
      ...relative?.tables,
    },
    ...(uncounted !== undefined && !relative && { first: uncounted + 1, uncounted }),
    data: relative?.data,
    norm: base.at("embeddings.LayerNorm"),
    eps,
    blocks,
    block: (i, read, x, embedded) =>
      postNorm(layers[i], read, x, embedded, { ...how, lost: lost(i), bias: relative?.bias(i) }),
    placed: decoder || relative !== undefined,
    heads,
  });
}
