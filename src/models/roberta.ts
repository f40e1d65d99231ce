import { activations, tanh } from "../ops/activation.ts";
import { fields as bert, bertLike } from "./bert.ts";
import type { Family } from "./family.ts";
import { natural } from "./numbers.ts";

const read = { ...bert.read, pad_token_id: 1 };

/**
 * RoBERTa (Liu et al., 2019), XLM-R (Conneau et al., 2019) and CamemBERT (Martin et al., 2019): BERT's encoder under
 * other names, whose positions count from the one after padding's.
 */
export const roberta: Family = {
  fields: { ...bert, read: { ...read, vocab_size: 50265 } },
  build: (config, w) =>
    bertLike(config, w, "roberta", natural(config, "pad_token_id", 1) + 1, {
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
      embedding: "none",
    }),
};

/** The same with another vocabulary by default. */
export const xlmRoberta: Family = { ...roberta, fields: { ...bert, read } };
