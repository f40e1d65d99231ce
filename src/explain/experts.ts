// Which experts tokens chose.

import { RelpropError } from "../errors.ts";
import type { ExpertChoices } from "./explanation.ts";
import { blocksWith, inBlock, type RunNumbers, valuesAndGradient } from "./numbers.ts";

/** The choices of a text's `n` tokens in each block that has experts. @internal */
export function expertChoices(numbers: RunNumbers, n: number): ExpertChoices[] {
  const blocks = blocksWith(numbers, "choice");
  if (!blocks.length) {
    throw new RelpropError("InvalidOption", "this model's blocks have no experts; leave out `experts`");
  }
  return blocks.map((block) => {
    const { x: choice, width: k } = valuesAndGradient(numbers, inBlock(block, "choice"));
    const { x: weights } = valuesAndGradient(numbers, inBlock(block, "routing"));
    const one = (at: number) => ({ expert: choice[at], weight: weights[at] });
    const tokens = Array.from({ length: n }, (_, t) => Array.from({ length: k }, (_, j) => one(t * k + j)));
    return { block, tokens };
  });
}
