// A forward whose ordinary derivative at the base activations is a rule set's gradient: what a rule holds constant comes
// from the base, and a product a·b shared in halves is ½ (a·b₀ + a₀·b). At the base itself it is the model. Under cp-lrp it
// is affine in its input (trust.md 4.1). It reads no backward formula, so finite differences of it check explain().

import type { Activation } from "./activations.ts";
import { tanh } from "./activations.ts";
import { context, scores, softmax } from "./attention.ts";
import { type Activations, activation, dense, layerName, type Model, norm, optional } from "./bert.ts";
import { sign } from "./linear.ts";
import { moments } from "./norm.ts";
import { add, type Numbers, scaled } from "./numbers.ts";
import type { Point, Rules } from "./rules.ts";

/** The logits with `input` in place of the tensor at `at`. */
export function surrogate(model: Model, base: Activations, rules: Rules, at: Point, input: Numbers): Float64Array {
  const n = base.heads;
  const width = n.heads * n.size;
  const scale = 1 / Math.sqrt(n.size);

  const linear = (name: string, x: Numbers, y0: Numbers) => {
    const y = dense(model, name, x);
    if (rules.linear === "gradient") return y;
    const epsilon = rules.linear[1];
    return y.map((value, i) => y0[i] + ((value - y0[i]) * y0[i]) / (y0[i] + epsilon * sign(y0[i])));
  };

  const normal = (name: string, x: Numbers, x0: Numbers) => {
    if (rules.norm === "gradient") return norm(model, name, x);
    const gamma = optional(model, `${name}.weight`);
    const beta = optional(model, `${name}.bias`);
    return Float64Array.from(x, (value, i) => {
      const row = Math.floor(i / width);
      const { sigma } = moments(x0, row, width, model.config.layer_norm_eps);
      const centred = value - moments(x, row, width, 0).mean;
      return (centred / sigma) * (gamma?.[i % width] ?? 1) + (beta?.[i % width] ?? 0);
    });
  };

  const act = ({ f, gate }: Activation, x: Float64Array, x0: Float64Array) =>
    rules.activation === "gradient" ? x.map(f) : x.map((value, i) => value * gate(x0[i]));

  const embedded = () => {
    if (at === "embeddings") return Float64Array.from(input);
    return normal("bert.embeddings.LayerNorm", at === "words" ? add(input, base.places) : input, base.sum);
  };

  let x = embedded();
  for (const [i, was] of base.layers.entries()) {
    const name = layerName(i);
    const q = linear(`${name}.attention.self.query`, x, was.q);
    const k = linear(`${name}.attention.self.key`, x, was.k);
    const v = linear(`${name}.attention.self.value`, x, was.v);
    const s =
      rules.scores === "uniform"
        ? scaled(add(scores(q, was.k, scale, n), scores(was.q, k, scale, n)), 0.5)
        : scores(q, k, scale, n);
    const p = softmax(s, [base.length], n.heads * n.tokens, n.tokens);
    const c = {
      gradient: () => context(p, v, n),
      values: () => context(was.p, v, n),
      uniform: () => scaled(add(context(p, was.v, n), context(was.p, v, n)), 0.5),
    }[rules.context]();
    const sum = add(x, linear(`${name}.attention.output.dense`, c, was.attended));
    const middle = normal(`${name}.attention.output.LayerNorm`, sum, was.sum);
    const up = linear(`${name}.intermediate.dense`, middle, was.up);
    const hidden = act(activation(model), up, was.up);
    const sum2 = add(middle, linear(`${name}.output.dense`, hidden, was.down));
    x = normal(`${name}.output.LayerNorm`, sum2, was.sum2);
  }
  const pool = linear("bert.pooler.dense", x.slice(0, width), base.pool);
  return linear("classifier", act(tanh, pool, base.pool), base.logits);
}
