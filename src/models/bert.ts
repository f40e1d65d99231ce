import { tanh } from "../ops/activation.ts";
import type { Tensor } from "../tensor.ts";
import { activation, agree, type Config, integer, positive } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Architecture, Family } from "./family.ts";
import type { Fields } from "./fields.ts";
import type { Heads } from "./heads.ts";
import { dense, postNorm } from "./layers.ts";
import type { Weights } from "./weights.ts";

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
    hidden_act: "gelu",
    hidden_size: 768,
    intermediate_size: 3072,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 512,
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 0,
    type_vocab_size: 2,
    vocab_size: 30522,
  },
  idle: ["attention_probs_dropout_prob", "classifier_dropout", "hidden_dropout_prob"],
  only: { add_cross_attention: false, is_decoder: false, position_embedding_type: "absolute" },
};

/** BERT (Devlin et al., 2018): embeddings, encoder, and a head with or without a pooler. */
export const bert: Family = {
  fields,
  build(config, w) {
    const act = activation(config, "hidden_act");
    const lm = "cls.predictions";
    return bertLike(config, w, "bert", 0, {
      "sequence-classification": { dense: "bert.pooler.dense", act: tanh, out: "classifier" },
      "token-classification": { out: "classifier" },
      "question-answering": { out: "qa_outputs" },
      "masked-lm": {
        dense: `${lm}.transform.dense`,
        act,
        norm: `${lm}.transform.LayerNorm`,
        out: `${lm}.decoder`,
        tied: "bert.embeddings.word_embeddings.weight",
        bias: `${lm}.bias`,
      },
      embedding: "none",
    });
  },
};

/**
 * An encoder with BERT's blocks and names under `prefix`, the first token at row `first` of the positions; embeddings pass
 * the dense layer `enter`, if there is one.
 */
export function bertLike(
  config: Config,
  w: Weights,
  prefix: string,
  first: number,
  heads: Heads,
  enter?: string,
): Architecture {
  const base = w.base(prefix);
  const inner = base.shape("encoder.layer.0.intermediate.dense.weight")?.[0] ?? 0;
  agree(config, "intermediate_size", inner, base.name("encoder.layer.0.intermediate.dense.weight"));
  const eps = positive(config, "layer_norm_eps");
  const how = {
    heads: integer(config, "num_attention_heads", 65536),
    inner,
    eps,
    act: activation(config, "hidden_act"),
    names,
  };
  const table = (kind: string) => base.name(`embeddings.${kind}_embeddings.weight`);
  const width = enter && base.shape(`${enter}.weight`)?.[0];
  return encoder(config, w, {
    ...(width && { width, enter: (x: Tensor) => dense(x, base.at(enter), width) }),
    tables: { words: table("word"), positions: table("position"), types: table("token_type") },
    first,
    norm: base.at("embeddings.LayerNorm"),
    eps,
    blocks: integer(config, "num_hidden_layers", 512),
    block: (i, read, x, embedded) => postNorm(base.at(`encoder.layer.${i}`), read, x, embedded, how),
    heads,
  });
}
