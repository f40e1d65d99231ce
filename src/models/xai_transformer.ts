import { cols, type Tensor } from "../graph/tensor.ts";
import { tanh } from "../ops/activation.ts";
import { layerNorm } from "../ops/norm.ts";
import { agree, integer, positive, unsupported } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Family } from "./family.ts";
import { attentionSublayer, dense } from "./layers.ts";

/**
 * The classifier of Ali et al. (ICML 2022) as its authors published it: on BERT's embeddings, blocks of attention alone,
 * with scores that are not divided by √d, and norms without a weight that divide by the unbiased deviation. Names are those
 * of its state_dict and of its Config. Attention is to every token given; it knows no mask.
 */
export const xaiTransformer: Family = {
  fields: {
    read: {
      hidden_size: null,
      layer_norm_eps: null,
      max_position_embeddings: null,
      n_blocks: null,
      n_classes: null,
      num_attention_heads: null,
      vocab_size: null,
    },
    // Which gradients its authors stop is the method's business here.
    idle: (
      "all_head_size attention_head_size attention_probs_dropout_prob detach_kq detach_layernorm detach_mean device dropout " +
      "hidden_dropout_prob train_mode"
    ).split(" "),
    only: {},
    closed: true,
  },
  build(config, w) {
    const heads = integer(config, "num_attention_heads", 65536);
    const eps = positive(config, "layer_norm_eps");
    if (eps > 1e-9) throw unsupported("layer_norm_eps", eps, "with the unbiased deviation, at most 1e-9 is supported");
    const table = (kind: string) => `embeds.${kind}_embeddings.weight`;
    const design = encoder(config, w, {
      tables: { words: table("word"), positions: table("position"), types: table("token_type") },
      norm: w.at("embeds.LayerNorm"),
      eps,
      blocks: integer(config, "n_blocks", 512),
      block(i, read, x, embedded) {
        const self = w.at(`attention_layers.${i}`);
        const to = (name: string) => (x: Tensor) => dense(x, self.at(name), cols(x));
        const project = { q: to("query"), k: to("key"), v: to("value"), o: to("output.dense") };
        const sum = attentionSublayer(read, read, x, embedded, { heads, project, scale: 1 });
        // (x − mean) / (std + ε), where std² has n − 1 for n: √(var + ε²) is std + ε to all digits that f32 has.
        const n = cols(x);
        return layerNorm(sum, w.constant(Math.sqrt((n - 1) / n), [n]), w.constant(0, [n]), eps ** 2);
      },
      heads: { "sequence-classification": { dense: "pooler.dense", act: tanh, out: "classifier" } },
    });
    agree(config, "n_classes", design.labels.length, "classifier.weight");
    return design;
  },
};
