// What stands on an encoder: `architectures` in config.json proposes what for, the tensors decide and say how many classes
// there are.

import type { Weights } from "../checkpoint/weights.ts";
import { RelpropError } from "../errors.ts";
import { cols, type Tensor } from "../graph/tensor.ts";
import type { activations } from "../ops/activation.ts";
import { linear } from "../ops/linear.ts";
import { embedding } from "../tasks/embedding.ts";
import { maskedLM } from "../tasks/masked_lm.ts";
import { multipleChoice } from "../tasks/multiple_choice.ts";
import { nextSentence } from "../tasks/next_sentence.ts";
import { questionAnswering } from "../tasks/question_answering.ts";
import { replacedTokens } from "../tasks/replaced_tokens.ts";
import { sequenceClassification } from "../tasks/sequence_classification.ts";
import type { Outputs, Task, TaskName } from "../tasks/task.ts";
import { tokenClassification } from "../tasks/token_classification.ts";
import { architectureName, type Config, field, labels, major, oneOf, unsupported } from "./config.ts";
import { dense, norm } from "./layers.ts";

/** What a head is for: a task, or a use of one that has labels of its own. */
type Purpose = TaskName | "next-sentence-prediction" | "multiple-choice" | "pre-training";

/** The tasks of heads that many families have; others come with their head. */
const tasks: Partial<Record<Purpose, Task>> = {
  "sequence-classification": sequenceClassification,
  "token-classification": tokenClassification,
  "question-answering": questionAnswering,
  "masked-lm": maskedLM,
  embedding,
  "next-sentence-prediction": nextSentence,
  "multiple-choice": multipleChoice,
  "pre-training": replacedTokens,
};

/** What a class name of transformers ends in: BertForMaskedLM does masked-lm. */
function purpose(name: string): Purpose {
  if (/(LMHead|DoubleHeads)Model$/.test(name)) return "causal-lm"; // a choice among texts is not computed
  if (/(Bert|Albert)ForPreTraining$/.test(name)) return "masked-lm"; // the head of pairs stays unused
  const [, what = "Embedding"] = /For(\w+?)(WithTeacher)?$/.exec(name) ?? (/Model$/.test(name) ? [] : ["", name]);
  return what.replace(/\B([A-Z][a-z]|LM)/g, "-$1").toLowerCase() as Purpose;
}

/** A dense layer and what is around it; each part but `out` only if it is named. Paths are from the checkpoint's root. */
export interface Head {
  /** Its task, if that is of few families. */
  task?: Task;
  dense?: string;
  act?: NonNullable<ReturnType<typeof activations.get>>;
  norm?: string;
  /** Whether the norm may have no bias. */
  bare?: boolean;
  out: string;
  /** Where out's weight is if it has none of its own, and a bias that is kept apart from it. */
  tied?: string;
  bias?: string;
  /** Whether the class has none, whatever the file has. */
  unbiased?: boolean;
  /** What the class makes of the logits. */
  bound?(logits: Tensor): Tensor;
  /** Whether the bias that is apart is the only one, or the one that transformers 4 reads before out's own. */
  apart?: "only" | "first";
}

/** The heads that a family has, the most particular first; a task that needs none of its own is only named. */
export type Heads = Partial<Record<Purpose, Head | "none" | undefined>>;

type Top = Outputs & { logits(x: Tensor): Tensor };

/** The matrix of a head's logits: its own, or the one it shares if the config says that they are tied. */
function matrixOf(config: Config, w: Weights, { out, tied }: Head): string {
  const own = `${out}.weight`;
  if (!tied || field(config, "tie_word_embeddings") === false) return own;
  // transformers 4 ties whatever the file has, 5 only what is equal: the version that wrote the file decides.
  return w.shape(own) && !(major(config) < 5) ? own : tied;
}

/** The bias of a head's logits, if there is one: out's own, or the one apart where transformers ties them. */
function biasOf(config: Config, w: Weights, { out, bias, apart, unbiased }: Head): string | undefined {
  if (unbiased) return undefined;
  const own = `${out}.bias`;
  const old = major(config) < 5;
  if (bias === undefined) return w.shape(own) && own;
  if (apart === "only") return w.shape(bias) && bias;
  const tied = old || field(config, "tie_word_embeddings") !== false;
  const names = old && apart ? [bias, own] : tied ? [own, bias] : [own];
  return names.find((name) => w.shape(name));
}

/** Whether the checkpoint has what a head begins and ends with. */
const has = (config: Config, w: Weights, head: Head): boolean =>
  (!head.dense || w.shape(`${head.dense}.weight`) !== undefined) && w.shape(matrixOf(config, w, head)) !== undefined;

type Choice = [Purpose, Head | "none" | undefined];

/**
 * The head that `architectures` names or, where it names none, the first one with its tensors in the checkpoint. A class of somebody's own
 * ("Contriever"), which transformers does not look for either, names none.
 */
function proposed(config: Config, w: Weights, heads: Heads): Choice {
  const name = architectureName(config);
  if (name !== undefined && /(Model|For\w+)$/.test(name)) {
    const what = purpose(name);
    return [what, Object.hasOwn(heads, what) ? heads[what] : undefined];
  }
  const there = (Object.entries(heads) as Choice[]).filter(
    ([, head]) => head && head !== "none" && has(config, w, head),
  );
  const own = there.find(([, head]) => w.shape(`${(head as Head).out}.weight`));
  return own ?? there[0] ?? ["embedding", heads.embedding];
}

/** sentence-transformers reads the encoder alone, whichever class its config names. */
const chosen = (config: Config, w: Weights, heads: Heads): Choice =>
  field(config, "wrapped") && heads.embedding ? ["embedding", heads.embedding] : proposed(config, w, heads);

/** The task, and its logits of rows of the last block's output. */
export function top(config: Config, w: Weights, heads: Heads, width: number, eps: number): Top {
  const [what, head] = chosen(config, w, heads);
  if (!head) {
    const known = Object.keys(heads)
      .filter((what) => heads[what as Purpose])
      .join(", ");
    throw unsupported("architectures", architectureName(config), `of this model type there are ${known}`);
  }
  if (head === "none") {
    const names = Array.from({ length: width }, (_, i) => String(i));
    const { scores, reads } = embedding;
    return { task: embedding, labels: names, scores: scores!, reads, logits: (x) => x };
  }
  const { dense: inner, act = (x: Tensor) => x, norm: scaled, bare } = head;
  const matrix = matrixOf(config, w, head);
  const [classes] = w.shape(matrix) ?? [];
  if (!classes) {
    const hint = `which ${architectureName(config) ?? "a classifier"} needs: is this a model without its head?`;
    throw new RelpropError("MissingTensor", `the checkpoint has no ${matrix}, ${hint}`, { name: matrix });
  }
  const [between = width] = (inner && w.shape(`${inner}.weight`)) || [];
  w.demand(matrix, [classes, between]);
  return {
    ...outputs(config, what, head.task ?? tasks[what]!, classes, matrix),
    logits(x) {
      const h = inner ? act(dense(x, w.at(inner), between)) : act(x);
      const y = scaled ? norm(h, w.at(scaled), eps, bare) : h;
      const bias = biasOf(config, w, head);
      const made = linear(
        y,
        w.get(matrix, [classes, cols(y)]),
        bias === undefined ? undefined : w.get(bias, [classes]),
      );
      return head.bound?.(made) ?? made;
    },
  };
}

/** The task, names of classes, how logits become probabilities, and which rows are read. */
function outputs(config: Config, what: Purpose, task: Task, classes: number, matrix: string): Outputs {
  const fixed = task.labels;
  if (fixed && fixed.length !== classes) {
    const message = `${matrix} has ${classes} rows, ${what} has ${fixed.length} logits`;
    throw new RelpropError("UnexpectedShape", message, { name: matrix });
  }
  const names = fixed ?? (task.pieces ? Array(classes) : labels(config, classes));
  return { task, labels: names, scores: task.scores ?? scoresOf(config, classes), reads: task.reads };
}

const kinds = {
  single_label_classification: "softmax",
  multi_label_classification: "sigmoid",
  regression: "none",
} as const;

/** How the logits of a classifier become probabilities. */
function scoresOf(config: Config, classes: number): Outputs["scores"] {
  const known = Object.keys(kinds);
  oneOf(config, "problem_type", known, `supported are ${known.join(", ")}`);
  const kind = field(config, "problem_type") ?? (classes === 1 ? "regression" : "single_label_classification");
  return kinds[kind as keyof typeof kinds];
}
