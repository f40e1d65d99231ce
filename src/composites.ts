// Composites: which rule each op propagates by, as plain data. An op not listed uses its gradient, so the empty
// composite is Gradient × Input. Every method here is the same walk with another table.

/** A rule's name, or its name with options: `["epsilon", { eps: 1e-6 }]`. */
export type Choice = string | readonly [rule: string, options: Readonly<Record<string, number>>];

/** The rule for each op by the op's name; serialisable, so an explanation records exactly how it was made. */
export type Composite = Readonly<Record<string, Choice>>;

/** Simonyan et al., 2013 (arXiv 1312.6034), times the input: no rules, plain derivatives. */
const gradientTimesInput: Composite = {};

/** Ali et al., ICML 2022, AH: attention weights held constant. */
const lrpAH = { context: "values" } satisfies Composite;

/** Ali et al., ICML 2022, LN: the LayerNorm deviation held constant. */
const lrpLN = { layer_norm: "identity" } satisfies Composite;

/** Achtibat et al., ICML 2024: the Taylor expansion of softmax, products shared in halves. */
const attnLRP = {
  scores: "uniform",
  context: "uniform",
  layer_norm: "identity",
  activation: "identity",
} satisfies Composite;

export const methods = new Map<string, Composite>([
  // Ali et al.'s AH + LN, with AttnLRP's identity rule where they leave activations open.
  ["cp-lrp", { ...lrpAH, ...lrpLN, activation: "identity" }],
  ["lrp-ah", lrpAH],
  ["lrp-ln", lrpLN],
  ["lrp-ah-ln", { ...lrpAH, ...lrpLN }],
  ["attn-lrp", attnLRP],
  ["gradient-x-input", gradientTimesInput],
]);
