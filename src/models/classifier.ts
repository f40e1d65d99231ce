// What BERT's classifiers have in common: embeddings below their blocks, a pooler and a classifier above them.

import { RelpropError } from "../errors.ts";
import { tanh } from "../ops/activation.ts";
import { add } from "../ops/elementwise.ts";
import { pick } from "../ops/select.ts";
import type { Tensor } from "../tensor.ts";
import { agree, type Config, labels } from "./config.ts";
import type { Architecture, Embedded } from "./family.ts";
import { dense, norm } from "./layers.ts";
import type { Weights } from "./weights.ts";

export interface Classifier {
  /** Where the checkpoint has the embeddings and the pooler. */
  embeddings: string;
  pooler: string;
  /** The embeddings' norm's ε. */
  eps: number;
  blocks: number;
  /** The stream after block `i`, of the rows `read` of `x` [batch, t, d]. */
  block(i: number, read: Tensor, x: Tensor, embedded: Embedded): Tensor;
}

export function classifier(
  config: Config,
  w: Weights,
  { embeddings, pooler, eps, blocks, block }: Classifier,
): Architecture {
  const [words, positions, types] = ["word", "position", "token_type"].map(
    (kind) => `${embeddings}.${kind}_embeddings.weight`,
  );
  const [vocabulary, width] = table(w, words);
  const [longest] = table(w, positions, width);
  table(w, types, width);
  const [classes] = table(w, "classifier.weight", width);
  agree(config, "vocab_size", vocabulary, words);
  agree(config, "hidden_size", width, words);
  agree(config, "max_position_embeddings", longest, positions);
  agree(config, "num_labels", classes, "classifier.weight");

  return {
    tables: { words, positions, types },
    vocabulary,
    width,
    positions: longest,
    labels: labels(config, classes),

    network(embedded) {
      const { words, places, whole } = embedded;
      const sum = add(words, places);
      const below = embedded.embeddings ?? norm(sum, w.at(`${embeddings}.LayerNorm`), eps);
      const stream = [below];
      const noted: Record<string, Tensor>[] = [];
      for (let i = 0; i < blocks; i++) {
        const x = stream[i];
        const read = i === blocks - 1 && !whole ? pick(x, 0) : x; // only the first token's vector is read at the end
        const mine = {};
        noted.push(mine);
        stream.push(block(i, read, x, { ...embedded, note: (tensors) => Object.assign(mine, tensors) }));
      }
      const last = stream[blocks];
      const pooled = tanh(dense(whole ? pick(last, 0) : last, w.at(`${pooler}.dense`), width));
      return {
        readings: new Map([
          ["embeddings", below],
          ["embedding-sum", sum],
          ["words", words],
        ]),
        stream,
        blocks: noted,
        logits: dense(pooled, w.at("classifier"), classes),
      };
    },
  };
}

/** The shape of a matrix whose rows are vectors of `width`. */
function table(w: Weights, name: string, width?: number): readonly number[] {
  const shape = w.shape(name);
  if (!shape) {
    const hint = "this needs a checkpoint of the whole classifier, with its pooler";
    throw new RelpropError("MissingTensor", `the checkpoint has no ${name}; ${hint}`, { name });
  }
  if (shape.length !== 2 || shape.includes(0) || (width !== undefined && shape[1] !== width)) {
    const message = `${name} is [${shape.join(", ")}], this model needs [rows, ${width ?? "width"}]`;
    throw new RelpropError("UnexpectedShape", message, { name, expected: [null, width ?? null], got: shape });
  }
  return shape;
}
