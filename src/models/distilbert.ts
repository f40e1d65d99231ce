import { activations } from "../ops/activation.ts";
import { activation, agree, integer } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Family } from "./family.ts";
import { postNorm } from "./layers.ts";
import { pruned } from "./pruned.ts";

const names = {
  q: "attention.q_lin",
  k: "attention.k_lin",
  v: "attention.v_lin",
  o: "attention.out_lin",
  norm: "sa_layer_norm",
  up: "ffn.lin1",
  down: "ffn.lin2",
  after: "output_layer_norm",
};

const EPS = 1e-12; // of all norms; it is not in the config

/** DistilBERT (Sanh et al., 2019): BERT without token types and pooler. */
export const distilbert: Family = {
  fields: {
    read: {
      activation: "gelu",
      dim: 768,
      hidden_dim: 3072,
      max_position_embeddings: 512,
      n_heads: 12,
      n_layers: 6,
      pruned_heads: {},
      vocab_size: 30522,
    },
    // Sinusoidal positions are stored like learned ones.
    idle: ["attention_dropout", "dropout", "qa_dropout", "seq_classif_dropout", "sinusoidal_pos_embds"],
    only: {},
    aliases: { hidden_size: "dim", num_attention_heads: "n_heads", num_hidden_layers: "n_layers" },
  },
  build(config, w) {
    const base = w.base("distilbert");
    const inner = base.shape("transformer.layer.0.ffn.lin1.weight")?.[0] ?? 0;
    agree(config, "hidden_dim", inner, base.name("transformer.layer.0.ffn.lin1.weight"));
    const act = activation(config, "activation");
    const heads = integer(config, "n_heads", 65536);
    const lost = pruned(config, heads);
    const how = { heads, inner, eps: EPS, act, names };
    const words = base.name("embeddings.word_embeddings.weight");
    const design = encoder(config, w, {
      tables: { words, positions: base.name("embeddings.position_embeddings.weight") },
      norm: base.at("embeddings.LayerNorm"),
      eps: EPS,
      blocks: integer(config, "n_layers", 512),
      block: (i, read, x, embedded) =>
        postNorm(base.at(`transformer.layer.${i}`), read, x, embedded, { ...how, lost: lost(i) }),
      heads: {
        "sequence-classification": { dense: "pre_classifier", act: activations.get("relu"), out: "classifier" },
        "token-classification": { out: "classifier" },
        "question-answering": { out: "qa_outputs" },
        "masked-lm": { dense: "vocab_transform", act, norm: "vocab_layer_norm", out: "vocab_projector", tied: words },
        "multiple-choice": { dense: "pre_classifier", act: activations.get("relu"), out: "classifier" },
        embedding: "none",
      },
    });
    agree(config, "dim", design.width, words);
    return design;
  },
};
