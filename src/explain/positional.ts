// Relevance of rotary positions (PA-LRP; Bakish et al., 2025, arXiv 2506.02138): a turned query or key is a product of itself and
// its position, half of its relevance is the position's, and a token's positions in all blocks count as the token's.

import { RelpropError } from "../errors.ts";
import { type Composite, type Propagating, ruleName } from "../propagation/composites.ts";
import type { Ledger } from "./explanation.ts";
import type { Reading } from "./trace.ts";

/** The same methods with positions. Throws `InvalidOption` at one that does not give queries and keys halves. */
export const withPositions = (methods: readonly Propagating[]): Propagating[] =>
  methods.map(({ name, composite }) => {
    const why = unshared(composite);
    if (!why) return { name, composite: { ...composite, rotary: "uniform" } };
    throw new RelpropError("InvalidOption", `\`positional\` needs a method such as attn-lrp; by ${name} ${why}`);
  });

function unshared({ context, scores }: Composite): string | undefined {
  if (ruleName(context) === "values") return "attention weights are constant: queries and keys have no relevance";
  if (ruleName(scores) !== "uniform") return "queries and keys do not share relevance in halves";
  return undefined;
}

/**
 * Relevance by token with what positions got, which moves from its own entry of the ledger to the tokens'. Throws
 * `InvalidOption` if that was asked for and there is none.
 */
export function placed(
  relevance: readonly number[],
  ledger: Ledger,
  { kept }: Reading,
  mine: (name: string) => Float32Array,
  asked = false,
): { relevance: number[]; positional: number[]; ledger: Ledger } {
  const own = kept.filter(({ entry }) => entry === "positions");
  if (asked && !own.length) {
    const message = "`positional` needs a model with rotary positions; learned ones have their relevance at embeddings";
    throw new RelpropError("InvalidOption", message);
  }
  const positional = relevance.map((_, j) => own.reduce((sum, { times, rows }) => sum + times * mine(rows)[j], 0));
  const tokens = ledger.tokens + ledger.positions;
  return {
    relevance: relevance.map((r, j) => r + positional[j]),
    positional,
    ledger: { ...ledger, tokens, positions: 0 },
  };
}
