// The feed-forward half of a block as a mixture of experts (Shazeer et al., 2017), of which each token chooses a few.

import type { Weights } from "../checkpoint/weights.ts";
import { cols, type Tensor } from "../graph/tensor.ts";
import { activations } from "../ops/activation.ts";
import { add } from "../ops/elementwise.ts";
import { expertLinear } from "../ops/expert_linear.ts";
import { gate } from "../ops/gate.ts";
import { linear } from "../ops/linear.ts";
import { mixture, take, topK } from "../ops/routing.ts";
import { softmax } from "../ops/softmax.ts";
import { agree, type Config, integer, invalid } from "./config.ts";
import { agreed, gated } from "./decoder.ts";
import type { NetworkInputs } from "./family.ts";
import { dense } from "./layers.ts";

/** How a family writes its experts. */
export interface Experts {
  /** The fields that have their number, how many of them a token chooses, and how wide each is. */
  fields: Record<"experts" | "chosen" | "inner", string>;
  /** Whether the weights of the chosen ones add up to 1. */
  renormalised: boolean;
  /** What each expert's matrices are called, where a checkpoint has them apart. */
  names: Record<"gate" | "up" | "down", string>;
  act(x: Tensor): Tensor;
}

/** The names of all but Mixtral's. */
export const projected = { gate: "gate_proj", up: "up_proj", down: "down_proj" };

/**
 * What the experts that a router chooses for each token add to the stream: its weights are the softmax over all experts, or,
 * renormalised, over the chosen ones, which is the same.
 */
export function experts(config: Config, w: Weights, it: Experts, { capture }: NetworkInputs): (x: Tensor) => Tensor {
  const n = w.shape("gate.weight")?.[0] ?? 0;
  agree(config, it.fields.experts, n, w.name("gate.weight"));
  const k = integer(config, it.fields.chosen, 1024);
  if (k > n) throw invalid(it.fields.chosen, k, `at most ${n}, the number of experts`);
  return (x) => {
    const { gateUp, down, inner } = matrices(config, w.at("experts"), n, cols(x), it);
    const logits = linear(x, w.get("gate.weight", [n, cols(x)]));
    const choice = topK(logits, k);
    const weights = it.renormalised
      ? softmax(take(logits, choice), w.constant(k, [1]))
      : take(softmax(logits, w.constant(n, [1])), choice);
    capture?.({ choice, routing: weights });
    const opened = it.act(expertLinear(x, gateUp, choice, { begin: 0, out: inner }));
    const neurons = gate(opened, expertLinear(x, gateUp, choice, { begin: inner, out: inner }));
    return mixture(expertLinear(neurons, down, choice), weights);
  };
}

/** All experts' matrices, each as one: `gateUp` [n, 2·inner, width] and `down` [n, width, inner]. */
function matrices(config: Config, w: Weights, n: number, width: number, { fields, names }: Experts) {
  const found = w.shape("down_proj")?.[2] ?? w.shape(`0.${names.down}.weight`)?.[1] ?? 0;
  const whole = w.shape("gate_up_proj") !== undefined; // as transformers 5 has them in memory
  agree(config, fields.inner, found, whole ? w.name("down_proj") : w.name(`0.${names.down}.weight`));
  if (whole) {
    return {
      inner: found,
      gateUp: w.get("gate_up_proj", [n, 2 * found, width]),
      down: w.get("down_proj", [n, width, found]),
    };
  }
  const all = (...kinds: ("gate" | "up" | "down")[]) =>
    [...Array(n).keys()].flatMap((e) => kinds.map((kind) => `${e}.${names[kind]}.weight`));
  return {
    inner: found,
    gateUp: w.stack("gate_up", all("gate", "up"), [found, width], [n, 2 * found, width]),
    down: w.stack("down", all("down"), [width, found], [n, width, found]),
  };
}

const sigmoid = activations.get("sigmoid")!;

/** An expert of every token, by a weight of its own (Yang et al., 2024), added to what others make. */
export function shared(
  config: Config,
  w: Weights,
  act: Experts["act"],
  inner: string,
): (x: Tensor, sum: Tensor) => Tensor {
  return (x, sum) => {
    const { up, down } = gated(w.at("shared_expert"), cols(x), act, agreed(config, inner));
    const weight = sigmoid(dense(x, w.at("shared_expert_gate"), 1));
    return add(sum, mixture(down(up(x)), weight));
  };
}
