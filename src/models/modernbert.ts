import { add } from "../ops/elementwise.ts";
import { gate } from "../ops/gate.ts";
import { linear } from "../ops/linear.ts";
import { rotary } from "../ops/rotary.ts";
import { cols, input, type Tensor } from "../tensor.ts";
import { activation, agree, field, integer, oneOf, positive } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Family } from "./family.ts";
import { active, attention, dense, norm } from "./layers.ts";
import { real } from "./numbers.ts";
import type { Weights } from "./weights.ts";

/** ModernBERT (Warner et al., 2024): norms first, rotary positions, gated layers, and attention that is mostly local. */
export const modernbert: Family = {
  fields: {
    read: {
      classifier_activation: "gelu",
      classifier_pooling: "cls",
      global_attn_every_n_layers: 3,
      global_rope_theta: 160000,
      hidden_activation: "gelu",
      hidden_size: 768,
      intermediate_size: 1152,
      local_attention: 128,
      local_rope_theta: 10000,
      max_position_embeddings: 8192,
      norm_eps: 1e-5,
      num_attention_heads: 12,
      num_hidden_layers: 22,
      vocab_size: 50368,
    },
    // Whether there are biases, the tensors say.
    idle: (
      "attention_bias attention_dropout classifier_bias classifier_dropout decoder_bias deterministic_flash_attn " +
      "embedding_dropout initializer_cutoff_factor mlp_bias mlp_dropout norm_bias reference_compile repad_logits_with_grad " +
      "sparse_pred_ignore_index sparse_prediction"
    ).split(" "),
    only: { layer_types: null, rope_parameters: null },
  },
  build(config, w) {
    const base = w.base("model");
    const width = integer(config, "hidden_size", 2 ** 20);
    const heads = integer(config, "num_attention_heads", 65536);
    const inner = (base.shape("layers.0.mlp.Wi.weight")?.[0] ?? 0) / 2;
    agree(config, "intermediate_size", inner, base.name("layers.0.mlp.Wi.weight"));
    const eps = positive(config, "norm_eps");
    const act = activation(config, "hidden_activation");
    const near = integer(config, "local_attention", 2 ** 30) >> 1;
    const every = integer(config, "global_attn_every_n_layers", 512);
    const thetas = {
      global: real(config, "global_rope_theta", 160000),
      local: real(config, "local_rope_theta", real(config, "global_rope_theta", 160000)),
    };
    oneOf(config, "classifier_pooling", ["cls", "mean"], "classifiers read the first token or the mean");
    const head = {
      dense: "head.dense",
      act: activation(config, "classifier_activation"),
      norm: "head.norm",
      bare: true,
    };
    const words = base.name("embeddings.tok_embeddings.weight");
    const classes = { ...head, out: "classifier" };

    /** Rows `first` to `first` + `rows` of a dense layer that is several at once. */
    const part = (layer: Weights, first: number, rows: number, all: number) => (x: Tensor) => {
      const bias = layer.shape("bias") && layer.part("bias", [all], first, rows);
      return linear(x, layer.part("weight", [all, cols(x)], first, rows), bias);
    };
    return encoder(config, w, {
      tables: { words },
      data: (t) => ({ global: angles(t, width / heads, thetas.global), local: angles(t, width / heads, thetas.local) }),
      norm: base.at("embeddings.norm"),
      bare: true,
      eps,
      blocks: integer(config, "num_hidden_layers", 512),
      block(i, read, x, embedded) {
        const layer = base.at(`layers.${i}`);
        const kind = i % every ? "local" : "global";
        const turns = input(kind, [x.shape[1], width / heads]);
        const turned = (f: (x: Tensor) => Tensor) => (x: Tensor) => rotary(f(x), turns);
        const [q, k, v] = [0, 1, 2].map((n) => part(layer.at("attn.Wqkv"), n * width, width, 3 * width));
        const project = { q: turned(q), k: turned(k), v, o: (x: Tensor) => dense(x, layer.at("attn.Wo"), width) };
        const span = i % every ? { before: near, after: near } : undefined;
        const h = i ? norm(x, layer.at("attn_norm"), eps, true) : x;
        const attended = add(read, attention(h, h, embedded, { heads, project, span }));
        const m = norm(attended, layer.at("mlp_norm"), eps, true);
        const [up, gated] = [0, 1].map((n) => part(layer.at("mlp.Wi"), n * inner, inner, 2 * inner)(m));
        const neurons = active(gate(act(up), gated), embedded);
        const feedforward = add(attended, dense(neurons, layer.at("mlp.Wo"), width));
        embedded.note?.({ skipped: read, attention: attended, passed: attended, neurons, feedforward });
        return feedforward;
      },
      placed: true,
      leave: (x) => norm(x, base.at("final_norm"), eps, true),
      reads: field(config, "classifier_pooling") === "mean" ? "mean" : undefined,
      heads: {
        "sequence-classification": classes,
        "token-classification": classes,
        "question-answering": classes,
        "masked-lm": { ...head, out: "decoder", tied: words },
        embedding: "none",
      },
    });
  },
};

/** Cosines and sines by which each of `t` tokens turns half of a head `d` wide. */
function angles(t: number, d: number, theta: number): Float32Array {
  const half = d / 2;
  const table = new Float32Array(t * d);
  for (let i = 0; i < t; i++) {
    for (let k = 0; k < half; k++) {
      const angle = i / theta ** (k / half);
      table[i * d + k] = Math.cos(angle);
      table[i * d + half + k] = Math.sin(angle);
    }
  }
  return table;
}
