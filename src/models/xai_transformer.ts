import { add } from "../ops/elementwise.ts";
import { layerNorm } from "../ops/norm.ts";
import { cols } from "../tensor.ts";
import { classifier } from "./classifier.ts";
import { agree, type Config, integer, positive, unsupported } from "./config.ts";
import type { Architecture } from "./family.ts";
import { attention } from "./layers.ts";
import type { Weights } from "./weights.ts";

/**
 * The classifier of Ali et al. (ICML 2022) as its authors published it: on BERT's embeddings, blocks of attention alone,
 * whose scores are not divided by √d and whose norms have no weight and divide by the unbiased deviation. Names are those
 * of its state_dict and of its Config. Attention is to every token given; it knows no mask.
 */
export function xaiTransformer(config: Config, w: Weights): Architecture {
  const heads = integer(config, "num_attention_heads", 65536);
  const eps = positive(config, "layer_norm_eps");
  if (eps > 1e-9) throw unsupported("layer_norm_eps", eps, "beside a deviation, only up to 1e-9 is supported");
  const design = classifier(config, w, {
    embeddings: "embeds",
    pooler: "pooler",
    eps,
    blocks: integer(config, "n_blocks", 512),
    block(i, read, x, embedded) {
      const self = w.at(`attention_layers.${i}`);
      const projections = { q: self.at("query"), k: self.at("key"), v: self.at("value"), o: self.at("output.dense") };
      const sum = add(read, attention(read, x, embedded, heads, projections, 1));
      embedded.note?.({ skipped: read, attention: sum });
      // (x − mean) / (std + ε), where std² has n − 1 for n: √(var + ε²) is std + ε to all digits that f32 has.
      const n = cols(x);
      return layerNorm(sum, w.constant(Math.sqrt((n - 1) / n), [n]), w.constant(0, [n]), eps ** 2);
    },
  });
  agree(config, "n_classes", design.labels.length, "classifier.weight");
  return design;
}
