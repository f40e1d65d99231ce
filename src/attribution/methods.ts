// Methods other than propagation, behind the same explain(): each a file beside this one.

import type { Engine } from "../engine/engine.ts";
import { quote, RelpropError } from "../errors.ts";
import type { Attribution } from "../explain/explanation.ts";
import type { Encoded } from "../inputs/encoded.ts";
import { checked } from "../options/kinds.ts";
import { methods } from "../propagation/composites.ts";
import { attentionFlow } from "./attention-flow.ts";
import { attentionLast } from "./attention-last.ts";
import { gae } from "./gae.ts";
import { gradRollout } from "./grad-rollout.ts";
import { integratedGradients } from "./integrated-gradients.ts";
import { kernelShap } from "./kernel-shap.ts";
import type { Method } from "./method.ts";
import { occlusion } from "./occlusion.ts";
import {
  type AttributeLists,
  type AttributeOptions,
  type AttributionMethod,
  attributeOptions,
  type Settings,
} from "./options.ts";
import { random } from "./random.ts";
import { rollout } from "./rollout.ts";
import { saliency } from "./saliency.ts";
import { smoothgrad } from "./smoothgrad.ts";
import { View } from "./view.ts";

const all = [
  saliency,
  integratedGradients,
  smoothgrad,
  attentionLast,
  rollout,
  attentionFlow,
  gae,
  gradRollout,
  occlusion,
  kernelShap,
  random,
];

/** Each text's attribution, for `rows` of ops/seed.ts; flat lists where options are lists, methods slowest. @internal */
export async function attribute(
  engine: Engine,
  encoded: readonly Encoded[],
  rows: readonly Float32Array[],
  options: AttributeOptions | AttributeLists,
): Promise<(Attribution | Attribution[])[]> {
  const { model, backend } = engine.about;
  if (!engine.architecture.vocabulary) wordsAside(options);
  const asked = [options.method].flat().map((method) => attribution(method));
  const { signal, onProgress, groups } = checked(`explain() by ${asked[0].method.name}`, attributeOptions, options);
  const grain = groups && (await import("../explain/breakdown.ts"));
  let before = 0;
  const results: Attribution[][] = [];
  for (const one of encoded) {
    const found: Attribution[] = [];
    for (const { method, settings } of asked) {
      for (const row of rows) {
        const count = (forwards: number) => onProgress?.({ forwards: before + forwards });
        const view = await View.of(engine, one, row, { signal, onProgress: count });
        const { relevance, completeness } = await method.run(view, settings);
        const tokens = one.tokens.map((token, j) => ({ ...token, relevance: relevance[j] }));
        found.push({
          text: one.text,
          ...(one.image && { image: one.image }),
          ...(one.cloud && { cloud: one.cloud }),
          model,
          method: method.name,
          options: settings,
          at: "embeddings",
          backend,
          target: view.target,
          ...(view.contrast && { contrast: view.contrast }),
          classes: view.classes,
          logit: view.logit,
          signed: method.signed,
          tokens,
          ...(grain && { groups: grain.grouped({ text: one.text, tokens }, groups!) }),
          ...(completeness && { completeness }),
          forwards: view.forwards,
          warnings: one.warnings,
        });
        before += view.forwards;
      }
    }
    results.push(found);
  }
  const several = [options.method, options.target, options.contrast].some(Array.isArray);
  return several ? results : results.map(([only]) => only);
}

/** Throws where a method needs words that can be left out, or embeddings that can be moved. */
function wordsAside({ method }: AttributeLists | AttributeOptions): void {
  const known = ["attention-last", "rollout", "attention-flow", "gae", "grad-rollout", "random"];
  for (const one of [method].flat() as AttributionMethod[]) {
    const name = typeof one === "string" ? one : one.name;
    if (known.includes(name)) continue;
    const message = `${name} needs words, which this model does not read; beside methods that propagate there are ${known.join(", ")}`;
    throw new RelpropError("InvalidOption", message);
  }
}

const MOST = 1e6; // of an option that is a number

/** A method with all of its options; throws `InvalidOption` at what there is not. @internal */
export function attribution(wanted: unknown): { method: Method; settings: Settings } {
  const { name, ...given } = (typeof wanted === "string" ? { name: wanted } : Object(wanted)) as Record<
    string,
    unknown
  >;
  const method = all.find((one) => one.name === name);
  if (!method) {
    const known = [...methods.keys(), ...all.map(({ name }) => name)].join(", ");
    const also = methods.has(String(name)) ? "; methods that propagate are asked for without the others" : "";
    throw new RelpropError("InvalidOption", `there is no method ${quote(name)}, only ${known}${also}`);
  }
  for (const [option, value] of Object.entries(given)) {
    const usual = Object.hasOwn(method.options, option) ? method.options[option] : undefined;
    if (usual === undefined) {
      const known = Object.keys(method.options).join(", ") || "none";
      throw new RelpropError("InvalidOption", `${method.name} has no option ${quote(option)}, only ${known}`);
    }
    const words = method.words?.[option];
    const most = option === "seed" ? Number.MAX_SAFE_INTEGER : MOST;
    const fits = words
      ? words.includes(String(value))
      : Number.isFinite(value) && (value as number) >= 0 && (value as number) <= most;
    if (fits && typeof value === typeof usual) continue;
    const wanted = words ? words.join(", ") : `a number from 0 to ${most}`;
    throw new RelpropError("InvalidOption", `${method.name}'s ${option} is ${wanted}, not ${quote(value)}`);
  }
  return { method, settings: { ...method.options, ...(given as Settings) } };
}
