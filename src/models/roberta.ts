import { activations, tanh } from "../ops/activation.ts";
import { fields as bert, bertLike } from "./bert.ts";
import { field, invalid } from "./config.ts";
import type { Family } from "./family.ts";
import { older } from "./older_bert.ts";

const read = { ...bert.read, pad_token_id: 1 };

/**
 * RoBERTa (Liu et al., 2019), XLM-R (Conneau et al., 2019) and CamemBERT (Martin et al., 2019): BERT's encoder under
 * other names. Positions start after padding's index and do not count padding.
 */
export const roberta: Family = {
  fields: { ...bert, read: { ...read, vocab_size: 50265 } },
  build(config, w) {
    const pad = field(config, "pad_token_id");
    if (!Number.isInteger(pad) || (pad as number) < -1) {
      throw invalid("pad_token_id", pad, "a whole number: positions start after it");
    }
    const heads = {
      "sequence-classification": { dense: "classifier.dense", act: tanh, out: "classifier.out_proj" },
      "token-classification": { out: "classifier" },
      "question-answering": { out: "qa_outputs" },
      "masked-lm": {
        dense: "lm_head.dense",
        act: activations.get("gelu"),
        norm: "lm_head.layer_norm",
        out: "lm_head.decoder",
        tied: "roberta.embeddings.word_embeddings.weight",
        bias: "lm_head.bias",
      },
      "multiple-choice": { dense: "roberta.pooler.dense", act: tanh, out: "classifier" },
      embedding: "none",
    } as const;
    return bertLike(config, w, "roberta", heads, { uncounted: pad as number, older });
  },
};

/** The same with another vocabulary by default. */
export const xlmRoberta: Family = { ...roberta, fields: { ...bert, read } };
