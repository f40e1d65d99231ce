import type { Choice, Composite } from "./composites.ts";
import { quote, RelpropError } from "./errors.ts";
import { add } from "./ops/elementwise.ts";
import { type Attrs, history, type Kept, type Rule, type Tensor } from "./tensor.ts";

export interface Propagated {
  /** The gradient of each source, in their order. */
  gradients: Tensor[];
  /** What ops kept on the way, and for each source whether the amount lies between it and the output. */
  kept: (Kept & { above: boolean[] })[];
}

/**
 * Propagates `seed`, the gradient of `output`, back to `sources`: from each but the first, every path to the output must
 * pass the one before it.
 *
 * Every method here is a gradient whose local derivatives are replaced by rules; multiplied by the activations it is
 * relevance. One walk serves all sources: where one is reached the walk goes on to the next.
 */
export function propagate(output: Tensor, seed: Tensor, sources: Tensor[], composite: Composite): Propagated {
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

    const [rule, options] = choose(composite, y);
    const passed = rule(g, y, { options, carries: on });
    const above = dependents.map((d, i) => d.has(y) && y !== sources[i]);
    for (const amount of passed.kept ?? []) kept.push({ ...amount, above });
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
  return { gradients: reached, kept };
}

function choose(composite: Composite, y: Tensor): [Rule, Attrs] {
  const choice: Choice = composite[y.op.name] ?? "gradient";
  const [name, options] = typeof choice === "string" ? [choice, {}] : choice;
  const rules = y.op.rules ?? {};
  if (!Object.hasOwn(rules, name)) {
    const known = Object.keys(rules).join(", ") || "none";
    throw new RelpropError("InvalidOption", `${y.op.name} has no rule ${quote(name)}, only ${known}`);
  }
  const taken = Object.hasOwn(y.op.options ?? {}, name) ? y.op.options![name] : [];
  const odd = Object.keys(options).find((option) => !taken.includes(option));
  if (odd !== undefined) {
    const known = taken.join(", ") || "none";
    throw new RelpropError("InvalidOption", `${y.op.name}'s rule ${name} has no option ${quote(odd)}, only ${known}`);
  }
  return [rules[name], options];
}

/** A composite that names an op this model has not is a typing error, not a wish to be ignored. */
function checkComposite(composite: Composite, made: Tensor[]): void {
  const ops = new Set(made.filter((t) => t.op.rules).map((t) => t.op.name));
  for (const name of Object.keys(composite)) {
    if (ops.has(name)) continue;
    const known = [...ops].sort().join(", ");
    throw new RelpropError("InvalidOption", `the composite names an op ${quote(name)}; this model has ${known}`);
  }
}
