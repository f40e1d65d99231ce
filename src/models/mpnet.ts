import { input } from "../graph/tensor.ts";
import { activations, tanh } from "../ops/activation.ts";
import { activation, agree, flag, integer, invalid, positive } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Family } from "./family.ts";
import { causal, postNorm } from "./layers.ts";

const names = {
  q: "attention.attn.q",
  k: "attention.attn.k",
  v: "attention.attn.v",
  o: "attention.attn.o",
  norm: "attention.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  after: "output.LayerNorm",
};

const BUCKETS = 32; // of distances, whatever the config says: transformers does not ask it
const FAR = 128; // tokens, from where on all distances are one
const PAD = 1; // whatever the config says of padding

/** MPNet (Song et al., 2020): BERT with a relative position bias of the scores, the same in all layers. */
export const mpnet: Family = {
  fields: {
    read: {
      hidden_act: "gelu",
      hidden_size: 768,
      intermediate_size: 3072,
      layer_norm_eps: 1e-12,
      max_position_embeddings: 512,
      num_attention_heads: 12,
      num_hidden_layers: 12,
      is_decoder: false,
      relative_attention_num_buckets: 32,
      vocab_size: 30527,
    },
    idle: ["attention_probs_dropout_prob", "hidden_dropout_prob"],
    only: {},
    dropped: ["is_decoder"],
  },
  build(config, w) {
    const base = w.base("mpnet");
    const inner = base.shape("encoder.layer.0.intermediate.dense.weight")?.[0] ?? 0;
    agree(config, "intermediate_size", inner, base.name("encoder.layer.0.intermediate.dense.weight"));
    const heads = integer(config, "num_attention_heads", 65536);
    const eps = positive(config, "layer_norm_eps");
    const span = flag(config, "is_decoder") ? causal : undefined;
    const how = { heads, inner, eps, act: activation(config, "hidden_act"), names };
    const words = base.name("embeddings.word_embeddings.weight");
    const buckets = integer(config, "relative_attention_num_buckets", 2 ** 16);
    if (buckets < BUCKETS) throw invalid("relative_attention_num_buckets", buckets, `${BUCKETS} or more`);
    const relative = base.demand("encoder.relative_attention_bias.weight", [buckets, heads]);
    return encoder(config, w, {
      tables: { words, positions: base.name("embeddings.position_embeddings.weight"), relative },
      first: PAD + 1,
      uncounted: PAD,
      data(t, { relative }) {
        const bias = new Float32Array(heads * t * t);
        const row = new Float32Array(heads);
        for (let i = 0; i < t; i++) {
          for (let j = 0; j < t; j++) {
            relative!(bucket(j - i), row, 0);
            for (let h = 0; h < heads; h++) bias[(h * t + i) * t + j] = row[h];
          }
        }
        return { bias };
      },
      norm: base.at("embeddings.LayerNorm"),
      eps,
      blocks: integer(config, "num_hidden_layers", 512),
      block(i, read, x, embedded) {
        const bias = () => input("bias", [heads, x.shape[1], x.shape[1]]);
        return postNorm(base.at(`encoder.layer.${i}`), read, x, embedded, { ...how, bias, span });
      },
      placed: true,
      heads: {
        "sequence-classification": { dense: "classifier.dense", act: tanh, out: "classifier.out_proj" },
        "token-classification": { out: "classifier" },
        "question-answering": { out: "qa_outputs" },
        "masked-lm": {
          dense: "lm_head.dense",
          act: activations.get("gelu"),
          norm: "lm_head.layer_norm",
          out: "lm_head.decoder",
          tied: words,
          bias: "lm_head.bias",
          apart: "first",
        },
        "multiple-choice": { dense: "mpnet.pooler.dense", act: tanh, out: "classifier" },
        embedding: "none",
      },
    });
  },
};

/** The bucket of a distance as T5 has it (Raffel et al., 2020): near ones have one each, further ones share, by logarithm. */
export function bucket(distance: number): number {
  const half = BUCKETS >> 1;
  const n = Math.abs(distance);
  const exact = half >> 1;
  const f = Math.fround; // as PyTorch computes it, or whole numbers come out just below
  const far = exact + Math.trunc(f(f(f(Math.log(f(n / exact))) / f(Math.log(FAR / exact))) * (half - exact)));
  return (distance > 0 ? half : 0) + (n < exact ? n : Math.min(far, half - 1));
}
