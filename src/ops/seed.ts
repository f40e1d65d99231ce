import { apply, check, cols, type Op, rows, type Tensor, threads } from "../tensor.ts";

/**
 * The gradient to start from, as many of the logits' rows as there are targets. A row of `request` [targets·batch, classes + 1] holds a weight
 * for every class and, last, the weight of the top class among those that have none, so that one plan serves every
 * target, every contrast and the class that is not known before the run.
 */
export const seed = (logits: Tensor, request: Tensor): Tensor => apply(Seed, [logits, request]);

const Seed: Op = {
  name: "seed",
  shape: (inputs) => {
    const [logits, request] = inputs;
    check(cols(request) === cols(logits) + 1 && rows(request) % rows(logits) === 0, "seed", inputs);
    return [rows(request), ...logits.shape.slice(1)];
  },
  call: (y) => {
    const [logits, request] = y.inputs;
    return { kernel: "seed", args: [rows(request), cols(logits), rows(logits)], grid: threads(rows(request)) };
  },
};
