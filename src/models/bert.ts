import { RelpropError } from "../errors.ts";
import { activations, tanh } from "../ops/activation.ts";
import { add } from "../ops/elementwise.ts";
import { pick } from "../ops/select.ts";
import { agree, type Config, field, integer, labels, oneOf, positive, unsupported } from "./config.ts";
import type { Architecture } from "./family.ts";
import { attention, dense, norm } from "./layers.ts";
import type { Weights } from "./weights.ts";

const WORDS = "bert.embeddings.word_embeddings.weight";
const POSITIONS = "bert.embeddings.position_embeddings.weight";
const TYPES = "bert.embeddings.token_type_embeddings.weight";

/** BERT for sequence classification (Devlin et al., 2018): embeddings, encoder, pooler, classifier. */
export function bert(config: Config, w: Weights): Architecture {
  const [vocabulary, width] = table(w, WORDS);
  const [positions] = table(w, POSITIONS, width);
  table(w, TYPES, width);
  const [classes] = table(w, "classifier.weight", width);

  const layers = integer(config, "num_hidden_layers", 512);
  const heads = integer(config, "num_attention_heads", 65536);
  const inner = w.shape("bert.encoder.layer.0.intermediate.dense.weight")?.[0] ?? 0;
  agree(config, "vocab_size", vocabulary, WORDS);
  agree(config, "hidden_size", width, WORDS);
  agree(config, "max_position_embeddings", positions, POSITIONS);
  agree(config, "intermediate_size", inner, "bert.encoder.layer.0.intermediate.dense.weight");
  agree(config, "num_labels", classes, "classifier.weight");
  if (width % heads !== 0) {
    const message = `config.json's num_attention_heads is ${heads}, which does not divide the hidden size ${width}`;
    throw new RelpropError("ConfigMismatch", message, { field: "num_attention_heads" });
  }
  const eps = positive(config, "layer_norm_eps");
  const act = activations.get(String(field(config, "hidden_act")));
  if (!act) {
    throw unsupported("hidden_act", field(config, "hidden_act"), `supported are ${[...activations.keys()].join(", ")}`);
  }
  oneOf(config, "position_embedding_type", ["absolute"], "only absolute positions are supported");
  oneOf(config, "is_decoder", [false], "only encoders are supported");
  oneOf(config, "problem_type", ["single_label_classification"], "only single-label classification is supported");

  return {
    tables: { words: WORDS, positions: POSITIONS, types: TYPES },
    vocabulary,
    width,
    positions,
    labels: labels(config, classes),

    network({ words, places, lengths, recompute }) {
      const sum = add(words, places);
      const embeddings = norm(sum, w.at("bert.embeddings.LayerNorm"), eps);

      let x = embeddings;
      const stream = [x];
      for (let i = 0; i < layers; i++) {
        const layer = w.at(`bert.encoder.layer.${i}`);
        const self = layer.at("attention.self");
        const out = layer.at("attention.output");
        const projections = { q: self.at("query"), k: self.at("key"), v: self.at("value"), o: out.at("dense") };
        x = norm(add(x, attention(x, lengths, heads, projections, recompute)), out.at("LayerNorm"), eps);

        const h = act(dense(x, layer.at("intermediate.dense"), inner));
        x = norm(add(x, dense(h, layer.at("output.dense"), width)), layer.at("output.LayerNorm"), eps);
        stream.push(x);
      }

      const pooled = tanh(dense(pick(x, 0), w.at("bert.pooler.dense"), width));
      return {
        readings: new Map([
          ["embeddings", embeddings],
          ["embedding-sum", sum],
          ["words", words],
        ]),
        stream,
        logits: dense(pooled, w.at("classifier"), classes),
      };
    },
  };
}

/** The shape of a matrix whose rows are vectors of `width`. */
function table(w: Weights, name: string, width?: number): readonly number[] {
  const shape = w.shape(name);
  if (!shape) {
    const hint = "this needs a checkpoint of BertForSequenceClassification, with its pooler and classifier";
    throw new RelpropError("MissingTensor", `the checkpoint has no ${name}; ${hint}`, { name });
  }
  if (shape.length !== 2 || shape.includes(0) || (width !== undefined && shape[1] !== width)) {
    const message = `${name} is [${shape.join(", ")}], this model needs [rows, ${width ?? "width"}]`;
    throw new RelpropError("UnexpectedShape", message, { name, expected: [null, width ?? null], got: shape });
  }
  return shape;
}
