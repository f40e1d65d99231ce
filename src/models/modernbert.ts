import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { gate } from "../ops/gate.ts";
import { rotary } from "../ops/rotary.ts";
import { activation, agree, type Config, field, integer, major, oneOf, positive } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Architecture, Family } from "./family.ts";
import type { Fields } from "./fields.ts";
import { layerTypes } from "./layer_types.ts";
import { dense, norm, slice } from "./layers.ts";
import { biased, mismatch, real } from "./numbers.ts";
import { preNorm } from "./pre_norm.ts";
import { ropesOf } from "./rope.ts";
import { rotations } from "./rotations.ts";

const fields: Fields = {
  read: {
    attention_bias: false,
    classifier_activation: "gelu",
    classifier_bias: false,
    classifier_pooling: "cls",
    decoder_bias: true,
    global_attn_every_n_layers: 3,
    global_rope_theta: 160000,
    head_dim: null,
    hidden_activation: "gelu",
    hidden_size: 768,
    intermediate_size: 1152,
    layer_types: null,
    local_attention: 128,
    local_rope_theta: 10000,
    max_position_embeddings: 8192,
    mlp_bias: false,
    norm_bias: false,
    norm_eps: 1e-5,
    num_attention_heads: 12,
    num_hidden_layers: 22,
    rope_parameters: null,
    rope_scaling: null,
    sliding_window: null,
    vocab_size: 50368,
  },
  idle: (
    "attention_dropout classifier_dropout deterministic_flash_attn embedding_dropout initializer_cutoff_factor " +
    "mlp_dropout reference_compile repad_logits_with_grad sparse_pred_ignore_index sparse_prediction"
  ).split(" "),
  only: {},
};

/** ModernBERT (Warner et al., 2024): norms first, rotary positions, gated layers, and attention that is mostly local. */
export const modernbert: Family = { fields, own: "model", build };

const biases = {
  attention_bias: /\.attn\.W\w+\.bias$/,
  mlp_bias: /\.mlp\.W\w\.bias$/,
  norm_bias: /norm\.bias$/,
  classifier_bias: /^head\.dense\.bias$/,
  decoder_bias: /^decoder\.bias$/,
};

function build(config: Config, all: Weights): Architecture {
  const w = biased(config, all, biases);
  const base = w.base("model");
  const width = integer(config, "hidden_size", 2 ** 20);
  const heads = integer(config, "num_attention_heads", 65536);
  if (width % (2 * heads)) throw mismatch("hidden_size", width, "num_attention_heads, twice,", heads);
  const inner = (base.shape("layers.0.mlp.Wi.weight")?.[0] ?? 0) / 2;
  agree(config, "intermediate_size", inner, base.name("layers.0.mlp.Wi.weight"));
  const eps = positive(config, "norm_eps");
  const act = activation(config, "hidden_activation");
  const near = integer(config, "local_attention", 2 ** 30) >> 1;
  const blocks = integer(config, "num_hidden_layers", 512);
  if (!(major(config) < 5)) oneOf(config, "sliding_window", [near], `it would be half of local_attention, ${near}`);
  oneOf(config, "head_dim", [width / heads], `heads are ${width / heads} wide`);
  const { listed, ropes } = layers(config, width / heads);
  const turns = rotations(ropes);
  oneOf(config, "classifier_pooling", ["cls", "mean"], "classifiers read the first token or the mean");
  const head = { dense: "head.dense", act: activation(config, "classifier_activation"), norm: "head.norm", bare: true };
  const words = base.name("embeddings.tok_embeddings.weight");
  const classes = { ...head, out: "classifier" };

  /** A dense layer that is one of several at once. */
  const part = (layer: Weights, first: number, out: number, all: number) => (x: Tensor) =>
    slice(x, layer, { out, first, all });
  return encoder(config, w, {
    tables: { words },
    data: turns.data,
    norm: base.at("embeddings.norm"),
    bare: true,
    eps,
    blocks,
    block(i, read, x, embedded) {
      const layer = base.at(`layers.${i}`);
      const kind = listed[i];
      const angles = turns.of(kind, x);
      const turned = (f: (x: Tensor) => Tensor) => (x: Tensor) => rotary(f(x), angles);
      const [q, k, v] = [0, 1, 2].map((n) => part(layer.at("attn.Wqkv"), n * width, width, 3 * width));
      const project = { q: turned(q), k: turned(k), v, o: (x: Tensor) => dense(x, layer.at("attn.Wo"), width) };
      const span = kind === "sliding_attention" ? { before: near, after: near } : undefined;
      return preNorm(read, x, embedded, {
        before: (x) => (i ? norm(x, layer.at("attn_norm"), eps, true) : x),
        after: (x) => norm(x, layer.at("mlp_norm"), eps, true),
        up(x) {
          const [up, gated] = [0, 1].map((n) => part(layer.at("mlp.Wi"), n * inner, inner, 2 * inner)(x));
          return gate(act(up), gated);
        },
        down: (neurons) => dense(neurons, layer.at("mlp.Wo"), width),
        heads,
        project,
        span,
      });
    },
    placed: true,
    leave: (x) => norm(x, base.at("final_norm"), eps, true),
    reads: field(config, "classifier_pooling") === "mean" ? "mean" : undefined,
    heads: {
      "sequence-classification": classes,
      "token-classification": classes,
      "question-answering": classes,
      "masked-lm": { ...head, out: "decoder", tied: words },
      "multiple-choice": classes,
      embedding: "none",
    },
  });
}

const kinds = ["full_attention", "sliding_attention"] as const;

/**
 * Which blocks attend to all tokens, and by which angles. transformers 5 writes `layer_types` and `rope_parameters`, of
 * either kind its own, and takes older fields for what they leave out; transformers 4 reads the older fields alone.
 */
function layers(config: Config, d: number) {
  const old = major(config) < 5;
  const every = integer(config, "global_attn_every_n_layers", 512);
  const usual = (i: number) => kinds[Number(i % every > 0)];
  const listed = layerTypes(config, usual, old ? null : field(config, "layer_types"));
  const full = real(config, "global_rope_theta", 160000);
  const sliding = real(config, "local_rope_theta", full); // null, not absent
  const thetas = { full_attention: { theta: full, scaled: true }, sliding_attention: { theta: sliding, scaled: true } };
  // transformers reads `truncate` next to the kinds.
  return { listed, ropes: ropesOf(config, d, thetas, true) };
}
