import { activations } from "../ops/activation.ts";
import { bertLike } from "./bert.ts";
import { type Config, oneOf } from "./config.ts";
import type { Architecture } from "./family.ts";
import type { Weights } from "./weights.ts";

const gelu = activations.get("gelu");

/** ELECTRA (Clark et al., 2020): BERT's encoder, over embeddings that may be narrower than its stream. */
export function electra(config: Config, w: Weights): Architecture {
  oneOf(config, "summary_type", ["first"], "only the first token's summary is supported");
  const lm = "generator_predictions";
  return bertLike(
    config,
    w,
    "electra",
    0,
    {
      "sequence-classification": { dense: "classifier.dense", act: gelu, out: "classifier.out_proj" },
      "token-classification": { out: "classifier" },
      "question-answering": { out: "qa_outputs" },
      "masked-lm": {
        dense: `${lm}.dense`,
        act: gelu,
        norm: `${lm}.LayerNorm`,
        out: "generator_lm_head",
        tied: "electra.embeddings.word_embeddings.weight",
      },
      embedding: "none",
    },
    "embeddings_project",
  );
}
