// What docs/understand/ledger.md says of a ledger's entries.

import type { Ledger } from "../../src/explain/explanation.ts";

export const ledgerNotes: Readonly<Record<Exclude<keyof Ledger, "logit">, string>> = {
  tokens: "the sum of the tokens' relevance",
  biases: "by the biases of dense layers",
  norms: "by normalisations: their biases, and their deviations where the rule is the derivative",
  constants: "by constant summands: position and type vectors, where relevance is read at `words`",
  softmax: "by the Taylor expansion of softmax (what AttnLRP does not pass on)",
  products: "by products that derivatives count more than once; no fixed sign",
  activations: "by activations under the derivative",
  epsilon: "by stabilisers, and by α-β rules where no input has the sign that relevance asks for",
  residual:
    "rounding: what is left when all of the above are taken from the logit; `warnings` say so beyond 2e-6 of Σ\\|relevance\\| + Σ\\|entries\\|",
};
