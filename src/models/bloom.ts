import type { Tensor } from "../graph/tensor.ts";
import { input } from "../graph/tensor.ts";
import { activations } from "../ops/activation.ts";
import { scores } from "../ops/attention.ts";
import { flag, integer, positive, unsupported } from "./config.ts";
import { decoder, decoderFields, heads } from "./decoder.ts";
import type { Family } from "./family.ts";
import { fused } from "./fused.ts";
import { dense, norm } from "./layers.ts";

const LONGEST = 2 ** 16; // tokens: its class sets no bound

/** BLOOM (Scao et al., 2022): positions are a bias of attention (ALiBi; Press et al., 2022). */
export const bloom: Family = {
  fields: {
    ...decoderFields(
      {
        head_dim: undefined,
        hidden_act: undefined,
        hidden_size: 64,
        layer_norm_epsilon: 1e-5,
        max_position_embeddings: undefined,
        n_head: 8,
        n_layer: 2,
        num_key_value_heads: undefined,
        original_max_position_embeddings: undefined,
        pretraining_tp: 1,
        rms_norm_eps: undefined,
        rope_parameters: undefined,
        rope_scaling: undefined,
        rope_theta: undefined,
        eos_token_id: 2,
        slow_but_exact: false,
        tie_word_embeddings: true,
        vocab_size: 250880,
      },
      ["classifier_dropout", "hidden_dropout"],
    ),
    only: { apply_residual_connection_post_layernorm: false },
    aliases: { n_embed: "hidden_size", num_attention_heads: "n_head", num_hidden_layers: "n_layer" },
  },
  build(given, w) {
    const sizes = { num_attention_heads: given.n_head, num_hidden_layers: given.n_layer };
    const config = { ...given, ...sizes, max_position_embeddings: LONGEST };
    if (flag(config, "slow_but_exact") && integer(config, "pretraining_tp", 2 ** 20) > 1) {
      throw unsupported("slow_but_exact", true, "with pretraining_tp above 1 its class leaves out biases");
    }
    const eps = positive(config, "layer_norm_epsilon");
    const { width, heads: n } = heads(config);
    const gelu = activations.get("gelu_pytorch_tanh")!;
    return decoder(config, w, {
      eps,
      names: {
        base: "transformer",
        words: "word_embeddings",
        embedded: "word_embeddings_layernorm",
        blocks: "h",
        last: "ln_f",
      },
      norm: (x, w) => norm(x, w, eps),
      project: (layer) => ({
        ...fused(layer.at("self_attention.query_key_value"), width, n),
        o: (x: Tensor) => dense(x, layer.at("self_attention.dense"), width),
      }),
      feedforward: (layer) => ({
        up: (x) => gelu(dense(x, layer.at("mlp.dense_h_to_4h"), 4 * width)),
        down: (neurons) => dense(neurons, layer.at("mlp.dense_4h_to_h"), width),
      }),
      ropes: {},
      bias({ pastKeyValues, tokenEmbeddings: { shape } }) {
        const own = input("keyPositions", [1, shape[1], 1]);
        const keyPositions = pastKeyValues?.append("positions", own) ?? own;
        return () => scores(input("slopes", [1, shape[1], n]), keyPositions, n, 1);
      },
      data(t, _, [{ follows = 0 }]) {
        const slopes = Float32Array.from({ length: t * n }, (_, i) => slope(i % n, n));
        return { slopes, keyPositions: Float32Array.from({ length: t }, (_, i) => follows + i) };
      },
      head: () => ({ "token-classification": { out: "classifier" } }),
    });
  },
};

/** By how much the scores of a head rise from key to key; between powers of 2 every other one of twice as many heads. */
function slope(head: number, heads: number): number {
  const power = 2 ** Math.floor(Math.log2(heads));
  return head < power ? 2 ** ((-8 * (head + 1)) / power) : 2 ** ((-8 * (2 * (head - power) + 1)) / (2 * power));
}
