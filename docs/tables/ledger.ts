// What docs/understand/ledger.md says of a ledger's entries.

import type { Ledger } from "../../src/explain/explanation.ts";

export const ledgerNotes: Readonly<Record<Exclude<keyof Ledger, "logit">, string>> = {
  tokens: "the sum of the tokens' relevance",
  biases: "the biases of dense layers",
  norms: "norms: their biases, and their deviations where the rule is the derivative",
  constants: "constant summands: position and type vectors, where relevance is read at `words`",
  positions:
    "rotary positions of queries and keys, with `positional`: in ledgers of layers, heads and neurons; that of tokens has it in `tokens`",
  softmax: "the constant term of softmax's Taylor expansion, which AttnLRP does not pass on",
  products: "products, which derivatives count more than once; of either sign",
  activations: "activations, where the rule is the derivative",
  epsilon: "stabilisers ε, and α-β rules where no input has the sign that they distribute to",
  residual:
    "rounding: the logit less all entries above; a warning names it beyond 2e-6 of Σ\\|relevance\\| + Σ\\|entries\\|",
};
