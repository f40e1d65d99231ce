// What stands on an encoder: config.json's `architectures` says what for, the tensors how many classes there are.

import { RelpropError } from "../errors.ts";
import type { activations } from "../ops/activation.ts";
import { linear } from "../ops/linear.ts";
import { cols, type Tensor } from "../tensor.ts";
import { type Config, field, labels, named, oneOf, unsupported } from "./config.ts";
import type { Architecture } from "./family.ts";
import { dense, norm } from "./layers.ts";
import type { Weights } from "./weights.ts";

export type Task =
  | "sequence-classification"
  | "token-classification"
  | "question-answering"
  | "masked-lm"
  | "causal-lm"
  | "embedding"
  | "image-classification"
  | "tabular-classification"
  | "tabular-regression"
  | "point-cloud-classification"
  | "point-cloud-reconstruction";

/** What a class name of transformers ends in: BertForMaskedLM does masked-lm. */
function taskOf(name: string): Task {
  if (/(LMHead|DoubleHeads)Model$/.test(name)) return "causal-lm"; // a choice among texts is not computed
  if (/(Bert|Albert)ForPreTraining$/.test(name)) return "masked-lm";
  const [, what = "Embedding"] = /For(\w+?)(WithTeacher)?$/.exec(name) ?? (/Model$/.test(name) ? [] : ["", name]);
  return what.replace(/\B([A-Z][a-z]|LM)/g, "-$1").toLowerCase() as Task;
}

/** A dense layer and what is around it; each part but `out` only if it is named. Paths are from the checkpoint's root. */
export interface Head {
  dense?: string;
  act?: NonNullable<ReturnType<typeof activations.get>>;
  norm?: string;
  /** Whether the norm may have no bias. */
  bare?: boolean;
  out: string;
  /** Where out's weight is if it has none of its own, and a bias that is kept apart from it. */
  tied?: string;
  bias?: string;
}

/** The heads that a family has; a task that needs none of its own is only named. */
export type Heads = Partial<Record<Task, Head | "none">>;

type Top = Pick<Architecture, "task" | "labels" | "scores" | "reads"> & { logits(x: Tensor): Tensor };

/** The task, and its logits of rows of the last block's output. */
export function top(config: Config, w: Weights, heads: Heads, width: number, eps: number): Top {
  const architecture = named(config);
  const task = architecture === undefined ? "sequence-classification" : taskOf(architecture);
  const head = Object.hasOwn(heads, task) && heads[task];
  if (!head) {
    const known = Object.keys(heads).join(", ");
    throw unsupported("architectures", architecture, `of this model type there are ${known}`);
  }
  if (head === "none") {
    const names = Array.from({ length: width }, (_, i) => String(i));
    return { task, labels: names, scores: "none", reads: "mean", logits: (x) => x };
  }
  const { dense: inner, act = (x: Tensor) => x, norm: scaled, bare, out, tied, bias } = head;
  const matrix = w.shape(`${out}.weight`) ? `${out}.weight` : (tied ?? `${out}.weight`);
  const [classes] = w.shape(matrix) ?? [];
  if (!classes) {
    const hint = `which ${architecture ?? "a classifier"} needs: is this a model without its head?`;
    throw new RelpropError("MissingTensor", `the checkpoint has no ${matrix}, ${hint}`, { name: matrix });
  }
  const [between = width] = (inner && w.shape(`${inner}.weight`)) || [];
  w.demand(matrix, [classes, between]);
  return {
    task,
    ...outputs(config, task, classes),
    logits(x) {
      const h = inner ? act(dense(x, w.at(inner), between)) : act(x);
      const y = scaled ? norm(h, w.at(scaled), eps, bare) : h;
      const shift = w.find(`${out}.bias`, [classes]) ?? (bias ? w.find(bias, [classes]) : undefined);
      return linear(y, w.get(matrix, [classes, cols(y)]), shift);
    },
  };
}

/** Names of classes, how logits become probabilities, and whose rows are read. */
function outputs(config: Config, task: Task, classes: number): Pick<Architecture, "labels" | "scores" | "reads"> {
  if (task === "question-answering") return { labels: ["start", "end"], scores: "none", reads: "tokens" };
  if (task === "masked-lm" || task === "causal-lm") {
    return { labels: Array(classes), scores: "softmax", reads: task === "causal-lm" ? "last" : "tokens" };
  }
  const names = labels(config, classes);
  if (task === "token-classification") return { labels: names, scores: "softmax", reads: "tokens" };
  const kinds = ["single_label_classification", "multi_label_classification", "regression"];
  oneOf(config, "problem_type", kinds, `supported are ${kinds.join(", ")}`);
  const kind = field(config, "problem_type") ?? (classes === 1 ? "regression" : kinds[0]);
  const scores = { single_label_classification: "softmax", multi_label_classification: "sigmoid", regression: "none" };
  return { labels: names, scores: scores[kind as keyof typeof scores] as Architecture["scores"], reads: "first" };
}
