import { quote, RelpropError } from "../errors.ts";
import { type Attrs, history, type Kept, type Op, type Rule, type Tensor } from "../graph/tensor.ts";
import { add } from "../ops/elementwise.ts";
import { type Composite, namedOps, type RuleChoice } from "./composites.ts";

export interface Propagated {
  /** The gradient of each tensor that relevance reaches: of sources, and of all on its way there. */
  gradients: ReadonlyMap<Tensor, Tensor>;
  /** What ops kept on the way, each by the op's output. */
  kept: (Kept & { by: Tensor })[];
}

/**
 * Propagates `seed`, the gradient of `output`, back to `sources`, each a list of siblings: tensors that do not depend on one
 * another, as embeddings that are added up, or what two texts enter by. A source may depend on others, as the sum does. What
 * depends on none is constant.
 *
 * Every method here is a gradient with local derivatives replaced by rules; multiplied by the activations it is
 * relevance. One walk serves all sources: where one is reached the walk goes on to those below it.
 */
export function propagate(
  output: Tensor,
  seed: Tensor,
  sources: readonly (readonly Tensor[])[],
  composite: Composite,
): Propagated {
  const made = history([output]);
  checkComposite(composite, made);

  const carries = dependents(made, sources.flat());
  const gradients = new Map([[output, seed]]);
  const kept: Propagated["kept"] = [];
  for (const y of made.reverse()) {
    const g = gradients.get(y);
    const on = y.inputs.map((x) => carries.has(x));
    if (!g || !on.includes(true)) continue;

    const [rule, options] = rules(composite, y.op);
    const passed = rule(g, y, { options, carries: on });
    for (const amount of passed.kept ?? []) kept.push({ ...amount, by: y });
    passed.gradients.forEach((gx, i) => {
      if (!gx || !on[i]) return;
      const sum = gradients.get(y.inputs[i]);
      gradients.set(y.inputs[i], sum ? add(sum, gx) : gx);
    });
  }

  if (sources.every((siblings) => siblings.some((x) => gradients.has(x)))) return { gradients, kept };
  throw new RelpropError("InvalidOption", "with these rules no relevance reaches the input", { composite });
}

/**
 * What is kept above `siblings`, tensors that do not depend on one another: the relevance of all of them and this is what is
 * explained, if every path from the sources to the output passes one of them.
 */
export function keptAbove<K extends { by: Tensor }>(
  kept: readonly K[],
  output: Tensor,
  siblings: readonly Tensor[],
): K[] {
  const above = dependents(history([output]), siblings);
  if (siblings.some(({ inputs }) => inputs.some((x) => above.has(x)))) throw new Error("a sibling depends on another");
  return kept.filter(({ by }) => above.has(by) && !siblings.includes(by));
}

/** `sources`, and what of `made` depends on any of them. */
function dependents(made: readonly Tensor[], sources: readonly Tensor[]): Set<Tensor> {
  const found = new Set(sources);
  for (const t of made) if (t.inputs.some((x) => found.has(x))) found.add(t);
  return found;
}

/** The ops that a composite names rules for: an op itself, or those it does the work of. */
const opsOf = (op: Op): readonly Op[] => op.parts ?? [op];

/** The rule that `op` follows, with its options. */
function rules(composite: Composite, op: Op): [Rule, Attrs] {
  const choices = opsOf(op).map((part) => ruleFor(composite, part));
  const names = choices.map(([name]) => name);
  const rule = op.compose ? op.compose(names) : op.rules![names[0]];
  return [rule, Object.assign({}, ...choices.map(([, options]) => options))];
}

function ruleFor(composite: Composite, op: Op): [name: string, options: Attrs] {
  const choice = (composite as Readonly<Record<string, RuleChoice>>)[op.name] ?? "gradient";
  const [name, options] = typeof choice === "string" ? [choice, {}] : choice;
  const rules = op.rules ?? {};
  if (!Object.hasOwn(rules, name)) {
    const known = Object.keys(rules).join(", ") || "none";
    throw new RelpropError("InvalidOption", `${op.name} has no rule ${quote(name)}, only ${known}`);
  }
  const taken = Object.hasOwn(op.options ?? {}, name) ? op.options![name] : [];
  const odd = Object.keys(options).find((option) => !taken.includes(option));
  if (odd !== undefined) {
    const known = taken.join(", ") || "none";
    throw new RelpropError("InvalidOption", `${op.name}'s rule ${name} has no option ${quote(odd)}, only ${known}`);
  }
  return [name, options];
}

/** A composite that names an op this model has not, or a rule its op has not, is a typing error, reached or not. */
function checkComposite(composite: Composite, made: Tensor[]): void {
  const ops = new Map(made.flatMap(({ op }) => (op.rules || op.compose ? opsOf(op) : [])).map((op) => [op.name, op]));
  for (const name of Object.keys(composite)) {
    const op = ops.get(name);
    if (op) {
      ruleFor(composite, op);
      continue;
    }
    if (namedOps.has(name)) continue;
    const known = [...ops.keys()].sort().join(", ");
    throw new RelpropError("InvalidOption", `the composite names an op ${quote(name)}; this model has ${known}`);
  }
}
