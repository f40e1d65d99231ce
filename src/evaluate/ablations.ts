// What a model loses when parts of it are cut out: neurons by the size of their weights, heads by what they matter. Here
// "methods" are orders in which parts go.

import type { Ablation } from "../engine/options.ts";
import { quote, RelpropError, throwIfAborted } from "../errors.ts";
import { uniform } from "../random.ts";
import type { Model } from "../runtime/model.ts";
import { classIndex } from "../tasks/target.ts";
import { mean } from "./bootstrap.ts";
import type { Example } from "./examples.ts";
import type { EvaluateOptions } from "./options.ts";
import { area } from "./perturbation.ts";
import type { AblationPlan, Order, OrderName, Part, Protocol, ProtocolName } from "./protocol.ts";
import { type Evaluation, type Row, summary } from "./summary.ts";

const chance: Order = {
  most: false,
  async score(parts, { seed }) {
    const draw = uniform(seed);
    return parts.map(draw);
  },
};

/** Both ways by one score, least first and, the control, most first. */
const both = (least: OrderName, most: OrderName, score: Order["score"]): AblationPlan["orders"] => ({
  [least]: { most: false, score },
  [most]: { most: true, score },
});

/** By the length of the weights that go into each neuron (Li et al. 2024). */
const magnitude: Order["score"] = async (parts, { model, texts }) => {
  const { blocks } = await model.diagnose(texts[0], { weights: true });
  return parts.map(([block, neuron]) => blocks[block].neurons![neuron]);
};

/** By how much the mean loss rises when a head alone is cut out (Michel et al. 2019). */
const importance: Order["score"] = async (parts, { loss }) => {
  const whole = await loss({});
  const scores: number[] = [];
  for (const head of parts) scores.push((await loss({ heads: [head] })) - whole);
  return scores;
};

/** By the mean |relevance| of a head's output, by cp-lrp (Voita et al. 2019). */
const relevance: Order["score"] = async (parts, { model, texts, targets }) => {
  const scores = parts.map(() => 0);
  for (const [i, text] of texts.entries()) {
    const { heads } = await model.explain(text, { heads: true, target: targets[i] });
    parts.forEach(([block, head], k) => {
      scores[k] += Math.abs(heads![block].relevance[head]) / texts.length;
    });
  }
  return scores;
};

export const pruning: AblationPlan = {
  of: "neurons",
  orders: { ...both("smallest", "largest", magnitude), random: chance },
};

export const ablation: AblationPlan = {
  of: "heads",
  orders: {
    ...both("least-important", "most-important", importance),
    ...both("least-relevant", "most-relevant", relevance),
    random: chance,
  },
};

const shares: readonly number[] = [0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1];

/** A protocol of evaluate() that cuts; it judges no explanations. */
export const protocolOf = (description: string, ablation: AblationPlan): Protocol => ({
  description,
  target: "label",
  metrics: { loss: "less", error: "less" },
  axis: { name: `share of ${ablation.of} ablated`, at: shares },
  ablation,
  score: () => Promise.reject(new Error("this protocol evaluates orders of ablation, not explanations")),
});

/** The mean loss (−ln p of the label) and error over all shares, by each order. */
export async function evaluateAblations(
  model: Model,
  examples: readonly Example[],
  how: Protocol,
  { methods, seed = 0, signal, onProgress, journal, truncate, protocol }: EvaluateOptions & { protocol: ProtocolName },
): Promise<Evaluation> {
  const { of } = how.ablation!;
  const orders: Readonly<Record<string, Order>> = how.ablation!.orders;
  if (journal) throw new RelpropError("InvalidOption", `${protocol} has no journal: all examples run at each share`);
  const given = Array.isArray(methods) ? [...methods] : [];
  const names = (methods === undefined ? Object.keys(orders) : given) as OrderName[];
  const odd = names.find((name) => !Object.hasOwn(orders, name));
  if (odd !== undefined || !names.length) {
    const known = Object.keys(orders).join(", ");
    throw new RelpropError("InvalidOption", `${protocol} has the orders ${known}, not ${quote(odd ?? methods)}`);
  }
  const texts = examples.map(({ text }) => text);
  const targets = examples.map(({ label }, i) => {
    if (label !== undefined) return classIndex(model.labels, label);
    throw new RelpropError("InvalidInput", `example ${i + 1} has no label, which ${protocol} needs`, {
      example: i,
    });
  });
  const cost = { forwardPasses: 0, seconds: 0 };
  const judged = async (ablate: Ablation) => {
    throwIfAborted(signal);
    const from = performance.now();
    const found = await model.predict(texts, { ablate, signal, truncate });
    cost.forwardPasses += texts.length;
    cost.seconds += (performance.now() - from) / 1000;
    return found.map(({ classes }, i) => {
      const top = classes.reduce((best, one) => (one.logit > best.logit ? one : best));
      const own = classes[targets[i]].probability ?? Number.NaN;
      return { loss: -Math.log(Math.max(own, 1e-30)), error: Number(top.index !== targets[i]) };
    });
  };
  const loss = async (without: Ablation) => mean((await judged(without)).map((one) => one.loss));
  const parts = await partsOf(model, texts[0], of);
  const rows: Row[] = texts.map((_, i) => ({ i, methods: {}, cost: { forwardPasses: 0, seconds: 0, all: 0 } }));
  for (const [k, name] of names.entries()) {
    const before = { ...cost };
    const scores = await orders[name].score(parts, { model, texts, targets, seed, loss });
    const sign = orders[name].most ? -1 : 1;
    const order = [...parts.keys()].sort((a, b) => sign * (scores[a] - scores[b]));
    const curves: { loss: number; error: number }[][] = texts.map(() => []);
    for (const [s, share] of shares.entries()) {
      const gone = order.slice(0, Math.round(share * parts.length)).map((i) => parts[i]);
      for (const [i, one] of (await judged({ [of]: gone })).entries()) curves[i].push(one);
      onProgress?.({ done: k * shares.length + s + 1, total: names.length * shares.length });
    }
    const spent = { forwardPasses: cost.forwardPasses - before.forwardPasses, seconds: cost.seconds - before.seconds };
    for (const [i, points] of curves.entries()) {
      const drawn = { loss: points.map((one) => one.loss), error: points.map((one) => one.error) };
      const values = { loss: area(drawn.loss, shares), error: area(drawn.error, shares) };
      const each = { forwardPasses: spent.forwardPasses / texts.length, seconds: spent.seconds / texts.length };
      rows[i].methods[name] = { values, curves: drawn, ...each };
    }
  }
  for (const { cost: own } of rows) {
    own.forwardPasses = cost.forwardPasses / rows.length;
    own.seconds = cost.seconds / rows.length;
    own.all = own.seconds;
  }
  const about = { protocol, model: model.name, backend: model.backend, at: "embeddings" as const, seed };
  const orderly = names.map((name) => ({ name, method: name, limit: texts.length }));
  return summary(about, how, orderly, names.includes("random") ? "random" : undefined, rows);
}

/** All parts of that kind. */
async function partsOf(model: Model, text: string, of: keyof Ablation): Promise<Part[]> {
  const { blocks } = await model.diagnose(text, { weights: of === "neurons" });
  const counts = blocks.map(({ heads, neurons }) => (of === "heads" ? heads.length : (neurons?.length ?? 0)));
  const parts = counts.flatMap((n, block) => Array.from({ length: n }, (_, i): Part => [block, i]));
  if (parts.length) return parts;
  throw new RelpropError("InvalidOption", `this model's blocks have no ${of} to ablate`);
}
