import { activations } from "../ops/activation.ts";
import { fields as bert, bertLike } from "./bert.ts";
import { activation, architectureName, type Config, field, flag, unsupported } from "./config.ts";
import type { Family } from "./family.ts";
import type { Head } from "./heads.ts";
import { older } from "./older_bert.ts";

const gelu = activations.get("gelu");

/** ELECTRA (Clark et al., 2020): BERT's encoder, over embeddings that may be narrower than its stream. */
export const electra: Family = {
  fields: {
    read: {
      ...bert.read,
      embedding_size: 128,
      hidden_size: 256,
      intermediate_size: 1024,
      num_attention_heads: 4,
      summary_activation: "gelu",
      summary_type: "first",
      summary_use_proj: true,
    },
    idle: [...bert.idle, "summary_first_dropout", "summary_last_dropout", "summary_proj_to_labels"],
    only: {},
    dropped: bert.dropped,
  },
  build(config, w) {
    const lm = "generator_predictions";
    const discriminator = "discriminator_predictions";
    const heads = {
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
      "pre-training": {
        dense: `${discriminator}.dense`,
        act: activation(config, "hidden_act"),
        out: `${discriminator}.dense_prediction`,
      },
      "multiple-choice": /MultipleChoice$/.test(architectureName(config) ?? "") ? summary(config) : undefined,
      embedding: "none",
    } as const;
    return bertLike(config, w, "electra", heads, { enter: "embeddings_project", older });
  },
};

/** The one head that reads the config's summary of a text. */
function summary(config: Config): Head {
  const type = field(config, "summary_type");
  if (type !== "first")
    throw unsupported("summary_type", type, "supported is first, because choices are padded to one length");
  return {
    dense: flag(config, "summary_use_proj") ? "sequence_summary.summary" : undefined,
    act: field(config, "summary_activation") ? activation(config, "summary_activation") : undefined,
    out: "classifier",
  };
}
