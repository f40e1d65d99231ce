import { quote, RelpropError } from "../errors.ts";
import { type Attrs, history, type Kept, type Op, type Rule, type Tensor } from "../graph/tensor.ts";
import { add } from "../ops/elementwise.ts";
import { type Choice, type Composite, namedOps } from "./composites.ts";

export interface Propagated {
  /** The gradient of each source, in their order. */
  gradients: Tensor[];
  /** Of each tensor that was asked for, if any relevance reaches it. */
  tapped: (Tensor | undefined)[];
  /** What ops kept on the way, by whose output it was, and for each source whether that lies between it and the output. */
  kept: (Kept & { by: Tensor; above: boolean[] })[];
}

/**
 * Propagates `seed`, the gradient of `output`, back to `sources`: from each but the first, every path to the output must
 * pass the one before it.
 *
 * Every method here is a gradient whose local derivatives are replaced by rules; multiplied by the activations it is
 * relevance. One walk serves all sources: where one is reached the walk goes on to the next. `taps` are other tensors on
 * its way whose gradients are wanted.
 */
export function propagate(
  output: Tensor,
  seed: Tensor,
  sources: Tensor[],
  composite: Composite,
  taps: readonly Tensor[] = [],
): Propagated {
  const made = history([output]);
  checkComposite(composite, made);

  const dependents = sources.map((source) => {
    const found = new Set([source]);
    for (const t of made) if (t.inputs.some((i) => found.has(i))) found.add(t);
    return found;
  });
  const carries = (t: Tensor) => dependents.some((d) => d.has(t));

  const gradients = new Map([[output, seed]]);
  const kept: Propagated["kept"] = [];
  for (const y of made.reverse()) {
    const g = gradients.get(y);
    const on = y.inputs.map(carries);
    if (!g || !on.includes(true)) continue;

    const [rule, options] = rules(composite, y.op);
    const passed = rule(g, y, { options, carries: on });
    const above = dependents.map((d, i) => d.has(y) && y !== sources[i]);
    for (const amount of passed.kept ?? []) kept.push({ ...amount, by: y, above });
    passed.to.forEach((gx, i) => {
      if (!gx || !on[i]) return;
      const sum = gradients.get(y.inputs[i]);
      gradients.set(y.inputs[i], sum ? add(sum, gx) : gx);
    });
  }

  const reached = sources.map((source) => {
    const g = gradients.get(source);
    if (!g) throw new RelpropError("InvalidOption", "with these rules no relevance reaches the input", { composite });
    return g;
  });
  return { gradients: reached, tapped: taps.map((tap) => gradients.get(tap)), kept };
}

/** The ops that a composite names rules for: an op itself, or those it does the work of. */
const named = (op: Op): readonly Op[] => op.parts ?? [op];

/** The rule that `op` follows, with its options. */
function rules(composite: Composite, op: Op): [Rule, Attrs] {
  const choices = named(op).map((part) => choose(composite, part));
  const names = choices.map(([name]) => name);
  const rule = op.compose ? op.compose(names) : op.rules![names[0]];
  return [rule, Object.assign({}, ...choices.map(([, options]) => options))];
}

function choose(composite: Composite, op: Op): [name: string, options: Attrs] {
  const choice: Choice = composite[op.name] ?? "gradient";
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
  const ops = new Map(made.flatMap(({ op }) => (op.rules || op.compose ? named(op) : [])).map((op) => [op.name, op]));
  for (const name of Object.keys(composite)) {
    const op = ops.get(name);
    if (op) {
      choose(composite, op);
      continue;
    }
    if (namedOps.has(name)) continue;
    const known = [...ops.keys()].sort().join(", ");
    throw new RelpropError("InvalidOption", `the composite names an op ${quote(name)}; this model has ${known}`);
  }
}
