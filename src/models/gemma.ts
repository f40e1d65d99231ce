// Gemma and its successors: norms by 1 + their weights, embeddings times √ of their width, layers gated by a GELU.

import type { Weights } from "../checkpoint/weights.ts";
import { cols, type Tensor } from "../graph/tensor.ts";
import { activations } from "../ops/activation.ts";
import { gate } from "../ops/gate.ts";
import { rmsNorm } from "../ops/norm.ts";
import { softCap } from "../ops/soft_cap.ts";
import { activation, type Config, field, integer, major, positive } from "./config.ts";
import { agreed, type Decoder, decoder, decoderFields, gated, heads, projections } from "./decoder.ts";
import type { Architecture, Family } from "./family.ts";
import type { Fields } from "./fields.ts";
import { type LayerType, layerTypes, windows } from "./layer_types.ts";
import { biased, real } from "./numbers.ts";
import { ropesOf } from "./rope.ts";

const sizes = {
  attention_bias: false,
  eos_token_id: 1,
  head_dim: 256,
  max_position_embeddings: 8192,
  pad_token_id: 0,
  tie_word_embeddings: true,
  vocab_size: 256000,
};

/** Gemma (Gemma Team, 2024). */
export const gemma: Family = {
  fields: {
    ...decoderFields(
      {
        ...sizes,
        hidden_act: "gelu_pytorch_tanh",
        hidden_size: 3072,
        intermediate_size: 24576,
        num_attention_heads: 16,
        num_hidden_layers: 28,
        num_key_value_heads: 16,
      },
      ["hidden_activation"],
    ),
    only: { use_bidirectional_attention: null },
  },
  own: "model",
  build(config, w) {
    // transformers 5 takes "gelu" for its approximation, which the first files meant.
    const approximate = field(config, "hidden_act") === "gelu" && !(major(config) < 5);
    const act = approximate ? activations.get("gelu_pytorch_tanh")! : activation(config, "hidden_act");
    return build(config, w, { act });
  },
};

/** What the classes after the first read, which call the activation otherwise. */
function fields(own: Config, idle: readonly string[] = [], bidirectional: false | null = null): Fields {
  const { hidden_act, ...read } = decoderFields({
    ...sizes,
    attn_logit_softcapping: null,
    final_logit_softcapping: null,
    hidden_activation: "gelu_pytorch_tanh",
    hidden_size: 2304,
    intermediate_size: 9216,
    layer_types: null,
    num_attention_heads: 8,
    num_hidden_layers: 26,
    num_key_value_heads: 4,
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    ...own,
  }).read;
  return { read, idle: ["attention_dropout", ...idle], only: { use_bidirectional_attention: bidirectional } };
}

/** Gemma 2 (Gemma Team, 2024): every other block sees a window, norms follow both halves, soft caps bound scores and logits. */
export const gemma2: Family = {
  fields: fields({ attn_logit_softcapping: 50, final_logit_softcapping: 30 }),
  own: "model",
  build(config, w) {
    const types = layerTypes(config, (i) => (i % 2 ? "full_attention" : "sliding_attention"));
    const cap = capOf(config, "attn_logit_softcapping");
    return build(config, w, { ...later(config, types), attention: { ...scaled(config), cap } });
  },
};

/** Gemma 3 (Gemma Team, 2025): norms of each head's queries and keys in place of the scores' cap, angles by the kind of block. */
export const gemma3Text: Family = {
  fields: fields(
    {
      max_position_embeddings: 131072,
      rope_local_base_freq: 10000,
      rope_theta: 1e6,
      sliding_window_pattern: 6,
      vocab_size: 262208,
    },
    // The last four are only in gemma3, which shares this file.
    ["_sliding_window_pattern", "image_token_id", "mm_tokens_per_image", "text_config", "vision_config"],
    false,
  ),
  own: "model",
  build(config, w) {
    const every = integer(config, "sliding_window_pattern", 512);
    const types = layerTypes(config, (i) => ((i + 1) % every ? "sliding_attention" : "full_attention"));
    const it = later(config, types);
    const { d } = heads(config);
    const each = (f: (x: Tensor) => Tensor, norm: Weights) => (x: Tensor) => it.norm(f(x), norm, d);
    return build(config, w, {
      ...it,
      lacks: ["token-classification", "question-answering"],
      attention: scaled(config),
      ropes: ropesOf(config, d, {
        full_attention: { theta: real(config, "rope_theta", 1e6), scaled: true },
        sliding_attention: { theta: real(config, "rope_local_base_freq", 10000), scaled: false },
      }),
      kind: (i) => types[i],
      project(layer, i) {
        const { q, k, ...others } = it.project(layer, i);
        const own = layer.at("self_attn");
        return { ...others, q: each(q, own.at("q_norm")), k: each(k, own.at("k_norm")) };
      },
    });
  },
};

/** What all of them share. */
function build(config: Config, all: Weights, own: Partial<Decoder>): Architecture {
  const w = biased(config, all.without(/\.mlp\.\w+\.bias$/), { attention_bias: /self_attn\.\w+\.bias$/ });
  const width = integer(config, "hidden_size", 2 ** 20);
  return decoder(config, w, {
    lacks: ["question-answering"],
    norm: normOf(config),
    enter: (x) => gate(x, w.constant(Math.fround(Math.sqrt(width)), [1, width])),
    ...own,
  });
}

/** x / √(mean x² + eps) · (1 + weight), of parts `d` wide (default whole rows). */
const normOf = (config: Config) => {
  const eps = positive(config, "rms_norm_eps");
  return (x: Tensor, w: Weights, d = cols(x)): Tensor => {
    w.demand("weight", [d]);
    return rmsNorm(
      x,
      w.derive("1 + weight", [d], ["weight"], (stored) => stored.map((v) => 1 + v)),
      eps,
    );
  };
};

/** What both later ones share: norms after each half, and kinds of blocks. */
function later(config: Config, types: readonly LayerType[]) {
  const norm = normOf(config);
  const width = integer(config, "hidden_size", 2 ** 20);
  const after = (f: (x: Tensor) => Tensor, layer: Weights, name: string) => (x: Tensor) => norm(f(x), layer.at(name));
  return {
    norm,
    act: activation(config, "hidden_activation"),
    norms: { before: "input_layernorm", after: "pre_feedforward_layernorm" },
    window: windows(config, types),
    bound: capOf(config, "final_logit_softcapping"),
    project(layer: Weights, _: number) {
      const { o, ...others } = projections(config, layer);
      return { ...others, o: after(o, layer, "post_attention_layernorm") };
    },
    feedforward(layer, _, __, act) {
      const { up, down } = gated(layer.at("mlp"), width, act, agreed(config, "intermediate_size"));
      return { up, down: after(down, layer, "post_feedforward_layernorm") };
    },
  } satisfies Partial<Decoder>;
}

const scaled = (config: Config) => ({ scale: 1 / Math.sqrt(positive(config, "query_pre_attn_scalar")) });

/** The soft cap that a field names, if there is one. */
function capOf(config: Config, name: string): ((x: Tensor) => Tensor) | undefined {
  const cap = field(config, name) === undefined ? undefined : positive(config, name);
  return cap === undefined ? undefined : (x) => softCap(x, cap);
}
