import { activations } from "../ops/activation.ts";
import { add } from "../ops/elementwise.ts";
import { cols } from "../tensor.ts";
import { classifier } from "./classifier.ts";
import { agree, type Config, field, integer, oneOf, positive, unsupported } from "./config.ts";
import type { Architecture } from "./family.ts";
import { attention, dense, norm } from "./layers.ts";
import type { Weights } from "./weights.ts";

const INNER = "bert.encoder.layer.0.intermediate.dense.weight";

/** BERT for sequence classification (Devlin et al., 2018): embeddings, encoder, pooler, classifier. */
export function bert(config: Config, w: Weights): Architecture {
  const inner = w.shape(INNER)?.[0] ?? 0;
  agree(config, "intermediate_size", inner, INNER);
  const heads = integer(config, "num_attention_heads", 65536);
  const eps = positive(config, "layer_norm_eps");
  const act = activations.get(String(field(config, "hidden_act")));
  if (!act) {
    throw unsupported("hidden_act", field(config, "hidden_act"), `supported are ${[...activations.keys()].join(", ")}`);
  }
  oneOf(config, "position_embedding_type", ["absolute"], "only absolute positions are supported");
  oneOf(config, "is_decoder", [false], "only encoders are supported");
  oneOf(config, "problem_type", ["single_label_classification"], "only single-label classification is supported");

  return classifier(config, w, {
    embeddings: "bert.embeddings",
    pooler: "bert.pooler",
    eps,
    blocks: integer(config, "num_hidden_layers", 512),
    block(i, read, x, embedded) {
      const layer = w.at(`bert.encoder.layer.${i}`);
      const self = layer.at("attention.self");
      const out = layer.at("attention.output");
      const projections = { q: self.at("query"), k: self.at("key"), v: self.at("value"), o: out.at("dense") };
      const attended = add(read, attention(read, x, embedded, heads, projections));
      const passed = norm(attended, out.at("LayerNorm"), eps);
      const neurons = act(dense(passed, layer.at("intermediate.dense"), inner));
      const feedforward = add(passed, dense(neurons, layer.at("output.dense"), cols(x)));
      embedded.note?.({ skipped: read, attention: attended, passed, neurons, feedforward });
      return norm(feedforward, layer.at("output.LayerNorm"), eps);
    },
  });
}
