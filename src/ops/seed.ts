import { apply, check, cols, type Op, rows, size, type Tensor, threads } from "../graph/tensor.ts";

/**
 * The gradient to start from, as many times the logits [batch, …, classes] as there are targets. A row of `request` holds a
 * weight for every logit of a text and, last, the weight of the top one among those that have none, so that one plan serves
 * every target, every contrast and the class that is not known before the run.
 */
export const seed = (logits: Tensor, request: Tensor): Tensor => apply(Seed, [logits, request]);

const Seed: Op = {
  name: "seed",
  shape: (inputs) => {
    const [logits, request] = inputs;
    const texts = logits.shape[0];
    check(cols(request) === size(logits) / texts + 1 && rows(request) % texts === 0, "seed", inputs);
    return [rows(request), ...logits.shape.slice(1)];
  },
  call: (y) => {
    const [{ shape }, request] = y.inputs;
    return { kernel: "seed", args: [rows(request), cols(request) - 1, shape[0]], grid: threads(rows(request)) };
  },
};
