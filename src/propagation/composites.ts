// Composites: which rule each op propagates by, as plain data. An op not listed uses its gradient, so the empty
// composite is Gradient × Input. Every method here is the same walk with another table.

import { quote, RelpropError } from "../errors.ts";
import { listed } from "../options/lists.ts";

/** The rules of each op that has others than its derivative. */
interface Rules {
  /** Attention weights times values. */
  context: "values" | "uniform";
  /** A router's weights times what experts make. */
  mixture: "values" | "uniform";
  /** Queries times keys, and squares in an energy. */
  scores: "uniform";
  /** LayerNorm, RMSNorm and vectors divided by their length. */
  norm: "identity";
  activation: "identity";
  /** The product of a gated feed-forward layer. */
  gate: "values" | "uniform"; // measured on a real decoder: docs/research/decoders.md
  /** Rotations of queries and keys: half is the position's. */
  rotary: "uniform";
  /** Dense layers: `epsilon` { eps }, `gamma` { gamma }, `alpha-beta` { alpha, beta }. */
  linear: "epsilon" | "gamma" | "alpha-beta" | "z-plus";
}

/** The ops that composites name rules for; not every model has them all. */
export type RuledOp = keyof Rules;

/** A rule's name, `gradient` being the derivative; or its name with options: `["epsilon", { eps: 1e-6 }]`. */
export type RuleChoice<Rule extends string = Rules[RuledOp]> =
  | Rule
  | "gradient"
  | readonly [rule: Rule | "gradient", options: Readonly<Record<string, number>>];

/**
 * The rule for each op by the op's name; an op that is left out uses its derivative. Serialisable, so an explanation
 * records exactly how it was made.
 */
export type Composite = { readonly [Op in RuledOp]?: RuleChoice<Rules[Op]> };

/** The names of the methods that propagate. */
export type PropagationMethod =
  | "cp-lrp"
  | "cp-lrp-gamma"
  | "lrp-ah"
  | "lrp-ln"
  | "lrp-ah-ln"
  | "attn-lrp"
  | "attn-lrp-gamma"
  | "gradient-x-input";

/** Simonyan et al., 2013 (arXiv 1312.6034), times the input: no rules, plain derivatives. */
const gradientTimesInput: Composite = {};

/** Ali et al., ICML 2022, AH: attention weights held constant, and so a router's, which they leave open. */
const lrpAH = { context: "values", mixture: "values" } satisfies Composite;

/** Ali et al., ICML 2022, LN: the LayerNorm deviation held constant. */
const lrpLN = { norm: "identity" } satisfies Composite;

/** Achtibat et al., ICML 2024: the Taylor expansion of softmax, products shared in halves. */
const attnLRP = {
  scores: "uniform",
  context: "uniform",
  mixture: "uniform",
  norm: "identity",
  activation: "identity",
  gate: "uniform",
} satisfies Composite;

/** The same with the γ rule, which Achtibat et al. take for dense layers of models of images: patches are noisy. */
const gammaLRP = { ...attnLRP, linear: ["gamma", { gamma: 0.05 }] } satisfies Composite;

/** Ali et al.'s AH + LN, with AttnLRP's rules for activations and gates, which they leave open. */
const cpLRP = { ...lrpAH, ...lrpLN, activation: "identity", gate: "uniform" } satisfies Composite;

const composites: Readonly<Record<PropagationMethod, Composite>> = {
  "cp-lrp": cpLRP,
  // With γ = 1: measured best for point clouds, where dense layers of few inputs are noisy.
  "cp-lrp-gamma": { ...cpLRP, linear: ["gamma", { gamma: 1 }] },
  "lrp-ah": lrpAH,
  "lrp-ln": lrpLN,
  "lrp-ah-ln": { ...lrpAH, ...lrpLN },
  "attn-lrp": attnLRP,
  "attn-lrp-gamma": gammaLRP,
  "gradient-x-input": gradientTimesInput,
};

/** Every method that propagates, by its name. */
export const methods: ReadonlyMap<PropagationMethod, Composite> = new Map(
  Object.entries(composites) as [PropagationMethod, Composite][],
);

/** Whether this is the name of a method that propagates. */
export const propagates = (name: unknown): name is PropagationMethod => methods.has(name as PropagationMethod);

/** Every op that methods or options name; not every model has them all. */
export const namedOps: ReadonlySet<string> = new Set([...Object.values(composites).flatMap(Object.keys), "rotary"]);

/** A method that propagates and its rules. */
export interface Propagating {
  name: PropagationMethod | "custom";
  composite: Composite;
}

/** The rules a caller asks for, by a method's name or as a composite of their own. */
export function method(wanted: unknown = "cp-lrp"): Propagating {
  if (typeof wanted === "string") {
    if (propagates(wanted)) return { name: wanted, composite: composites[wanted] };
    throw new RelpropError(
      "InvalidOption",
      `there is no method ${quote(wanted)}, only ${[...methods.keys()].join(", ")}`,
    );
  }
  if (
    typeof wanted === "object" &&
    wanted !== null &&
    !Array.isArray(wanted) &&
    Object.values(wanted).every(isChoice)
  ) {
    return { name: "custom", composite: wanted as Composite };
  }
  const example = `{ "norm": "identity", "linear": ["epsilon", { "eps": 1e-6 }] }`;
  throw new RelpropError(
    "InvalidOption",
    `a composite names a rule for each op, such as ${example}, not ${quote(wanted)}`,
  );
}

/** Whether a method, or the first of a list, is none of those that propagate. */
export function isOther(wanted: unknown): boolean {
  const [first] = listed(wanted);
  if (typeof first === "object" && first) return Object.hasOwn(first, "name");
  return typeof first === "string" && !propagates(first);
}

/** A rule's name without its options. @internal */
export const ruleName = (choice: RuleChoice | undefined): string | undefined =>
  choice && (typeof choice === "string" ? choice : choice[0]);

function isChoice(choice: unknown): choice is RuleChoice {
  if (typeof choice === "string") return true;
  if (!Array.isArray(choice) || choice.length !== 2 || typeof choice[0] !== "string") return false;
  const options: unknown = choice[1];
  return typeof options === "object" && options !== null && Object.values(options).every((v) => Number.isFinite(v));
}
