import { add } from "../ops/elementwise.ts";
import { linear } from "../ops/linear.ts";
import { cols, type Tensor } from "../tensor.ts";
import { activation, agree, type Config, field, integer, oneOf, positive } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Architecture } from "./family.ts";
import { attention, causal, norm } from "./layers.ts";
import type { Weights } from "./weights.ts";

/** GPT-2 (Radford et al., 2019): norms first, and attention to what came before. Its dense layers are stored transposed. */
export function gpt2(config: Config, w: Weights): Architecture {
  const base = w.base("transformer");
  const width = integer(config, "n_embd", 2 ** 20);
  const heads = integer(config, "n_head", 65536);
  const inner = base.shape("h.0.mlp.c_fc.weight")?.[1] ?? 0;
  if (field(config, "n_inner") !== undefined) agree(config, "n_inner", inner, base.name("h.0.mlp.c_fc.weight"));
  const eps = positive(config, "layer_norm_epsilon");
  const act = activation(config, "activation_function");
  oneOf(config, "scale_attn_weights", [true], "only scaled scores are supported");
  oneOf(config, "scale_attn_by_inverse_layer_idx", [false], "only scores scaled alike in all layers are supported");
  oneOf(config, "add_cross_attention", [false], "only decoders alone are supported");

  /** The dense layer `out` wide that is at `first` of one `all` wide. */
  const conv =
    (layer: Weights, out: number, first = 0, all = out) =>
    (x: Tensor) => {
      const weight = layer.part("weight", [all, cols(x)], first, out, true);
      return linear(x, weight, layer.part("bias", [all], first, out));
    };
  const words = base.name("wte.weight");
  const design = encoder(config, w, {
    tables: { words, positions: base.name("wpe.weight") },
    eps,
    blocks: integer(config, "n_layer", 512),
    block(i, read, x, embedded) {
      const layer = base.at(`h.${i}`);
      const [q, k, v] = [0, 1, 2].map((n) => conv(layer.at("attn.c_attn"), width, n * width, 3 * width));
      const project = { q, k, v, o: conv(layer.at("attn.c_proj"), width) };
      const h = norm(x, layer.at("ln_1"), eps);
      const attended = add(read, attention(h, h, embedded, { heads, project, span: causal, block: i }));
      const neurons = act(conv(layer.at("mlp.c_fc"), inner)(norm(attended, layer.at("ln_2"), eps)));
      const feedforward = add(attended, conv(layer.at("mlp.c_proj"), width)(neurons));
      embedded.note?.({ skipped: read, attention: attended, passed: attended, neurons, feedforward });
      return feedforward;
    },
    placed: true,
    leave: (x) => norm(x, base.at("ln_f"), eps),
    reads: "last",
    heads: {
      "causal-lm": { out: "lm_head", tied: words },
      "sequence-classification": { out: "score" },
      embedding: "none",
    },
  });
  agree(config, "n_positions", design.positions, base.name("wpe.weight"));
  return { ...design, stops: [field(config, "eos_token_id") ?? []].flat() as number[] };
}
