import { activations } from "../ops/activation.ts";
import { fields as bert, bertLike } from "./bert.ts";
import type { Family } from "./family.ts";

const gelu = activations.get("gelu");

/** ELECTRA (Clark et al., 2020): BERT's encoder, over embeddings that may be narrower than its stream. */
export const electra: Family = {
  fields: {
    read: { ...bert.read, embedding_size: 128, hidden_size: 256, intermediate_size: 1024, num_attention_heads: 4 },
    idle: [...bert.idle, "summary_last_dropout", "summary_first_dropout"],
    only: { ...bert.only, summary_activation: "gelu", summary_type: "first", summary_use_proj: true },
  },
  build(config, w) {
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
  },
};
