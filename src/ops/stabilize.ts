// The ε rule's arithmetic.

import { apply, type Op, type Tensor } from "../graph/tensor.ts";
import { elements, repeats } from "./elementwise.ts";

/** g · y / (y ± eps): keeps outputs near zero from passing on large relevance. */
export const stabilize = (y: Tensor, g: Tensor, eps: number): Tensor => apply(Stabilize, [y, g], { eps });

/** ± eps, with the sign of y. */
export const stabilizer = (y: Tensor, eps: number): Tensor => apply(Stabilizer, [y], { eps });

const op = (kernel: string): Op => ({
  name: kernel,
  shape: repeats,
  call: (y) => {
    const { args, grid } = elements(y, y.inputs[0]);
    return { kernel, args: [...args, y.attrs.eps], grid };
  },
});

const Stabilize = op("stabilize");
const Stabilizer = op("stabilizer");
