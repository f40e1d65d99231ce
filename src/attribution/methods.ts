// Methods other than propagation, behind the same explain(). Each is a file in this folder.

import type { Engine } from "../engine/engine.ts";
import { quote, RelpropError } from "../errors.ts";
import type { Encoded } from "../inputs/encoded.ts";
import { checked } from "../options/kinds.ts";
import { listed } from "../options/lists.ts";
import { methods, propagates } from "../propagation/composites.ts";
import { attentionFlow } from "./attention-flow.ts";
import { attentionLast } from "./attention-last.ts";
import type { Attribution } from "./attribution.ts";
import { gae } from "./gae.ts";
import { gradRollout } from "./grad-rollout.ts";
import { integratedGradients } from "./integrated-gradients.ts";
import { kernelShap } from "./kernel-shap.ts";
import type { Method } from "./method.ts";
import { type AttributionName, attributionNames, methodNames } from "./names.ts";
import { occlusion } from "./occlusion.ts";
import { type AttributeLists, type AttributeOptions, type AttributionMethod, attributeOptions } from "./options.ts";
import { random } from "./random.ts";
import { rollout } from "./rollout.ts";
import { saliency } from "./saliency.ts";
import { smoothgrad } from "./smoothgrad.ts";
import { View } from "./view.ts";

/** Every method that does not propagate, by its name. @internal */
export const attributions: Readonly<{ [Name in AttributionName]: Method<Name> }> = {
  saliency,
  "integrated-gradients": integratedGradients,
  smoothgrad,
  "attention-last": attentionLast,
  rollout,
  "attention-flow": attentionFlow,
  gae,
  "grad-rollout": gradRollout,
  occlusion,
  "kernel-shap": kernelShap,
  random,
};

/** Each text's attribution, for `rows` of ops/seed.ts; flat lists where options are lists, methods slowest. @internal */
export async function attribute(
  engine: Engine,
  encoded: readonly Encoded[],
  rows: readonly Float32Array[],
  options: AttributeOptions | AttributeLists,
): Promise<(Attribution | Attribution[])[]> {
  const { model, backend } = engine.info;
  if (!engine.architecture.vocabulary) checkReadsWords(options);
  if ((options as { each?: boolean }).each) {
    const message = `\`each\` needs a method that propagates: ${[...methods.keys()].join(", ")}`;
    throw new RelpropError("InvalidOption", message);
  }
  const asked = listed(options.method).map((method) => attribution(method));
  const { signal, onProgress, groups } = checked(`explain() by ${asked[0].name}`, attributeOptions, options);
  const breakdown = groups && (await import("../explain/groups.ts"));
  let before = 0;
  const results: Attribution[][] = [];
  for (const one of encoded) {
    const found: Attribution[] = [];
    for (const { name, method, settings } of asked) {
      for (const row of rows) {
        const count = (forwardPasses: number) => onProgress?.({ forwardPasses: before + forwardPasses });
        const view = await View.of(engine, one, row, { signal, onProgress: count });
        const { relevance, completeness } = await method.run(view, settings as never);
        const tokens = one.tokens.map((token, j) => ({ ...token, relevance: relevance[j] }));
        found.push({
          text: one.text,
          ...(one.messages && { messages: one.messages }),
          ...(one.image && { image: one.image }),
          ...(one.cloud && { cloud: one.cloud }),
          model,
          method: name,
          options: settings,
          at: "embeddings",
          backend,
          target: view.target,
          ...(view.contrast && { contrast: view.contrast }),
          classes: view.classes,
          logit: view.logit,
          signed: method.signed,
          tokens,
          ...(breakdown && { groups: breakdown.grouped({ text: one.text, messages: one.messages, tokens }, groups!) }),
          ...(completeness && { completeness }),
          forwardPasses: view.forwardPasses,
          warnings: one.warnings,
        });
        before += view.forwardPasses;
      }
    }
    results.push(found);
  }
  const several = [options.method, options.target, options.contrast].some(Array.isArray);
  return several ? results : results.map(([only]) => only);
}

/** Throws where a method needs words that can be left out, or embeddings that can be moved. */
function checkReadsWords({ method }: AttributeLists | AttributeOptions): void {
  const known = attributionNames.filter((name) => !attributions[name].perturbs);
  for (const one of listed<AttributionMethod>(method)) {
    const name = typeof one === "string" ? one : one.name;
    if (known.includes(name)) continue;
    const message = `${name} needs words, which this model does not read; methods without words are ${known.join(", ")} and those that propagate`;
    throw new RelpropError("InvalidOption", message);
  }
}

const MOST = 1e6; // of an option that is a number

/** A method that does not propagate, with all of its options. */
interface Chosen {
  name: AttributionName;
  method: Method;
  settings: Attribution["options"];
}

/** A method with all of its options; throws `InvalidOption` at what there is not. @internal */
export function attribution(wanted: unknown): Chosen {
  const { name, ...given } = (typeof wanted === "string" ? { name: wanted } : Object(wanted)) as Record<
    string,
    unknown
  >;
  if (!isAttribution(name)) {
    const also = propagates(name) ? "; methods that propagate cannot be in one list with others" : "";
    throw new RelpropError("InvalidOption", `there is no method ${quote(name)}, only ${methodNames.join(", ")}${also}`);
  }
  const method: Method = attributions[name];
  const usual: Attribution["options"] = method.options;
  for (const [option, value] of Object.entries(given)) {
    if (!Object.hasOwn(usual, option)) {
      const known = Object.keys(usual).join(", ") || "none";
      throw new RelpropError("InvalidOption", `${name} has no option ${quote(option)}, only ${known}`);
    }
    const choices = method.choices?.[option];
    const most = option === "seed" ? Number.MAX_SAFE_INTEGER : MOST;
    const fits = choices
      ? choices.includes(String(value))
      : Number.isFinite(value) && (value as number) >= 0 && (value as number) <= most;
    if (fits && typeof value === typeof usual[option]) continue;
    const wanted = choices ? choices.join(", ") : `a number from 0 to ${most}`;
    throw new RelpropError("InvalidOption", `${name}'s ${option} is ${wanted}, not ${quote(value)}`);
  }
  return { name, method, settings: { ...usual, ...(given as Attribution["options"]) } };
}

const isAttribution = (name: unknown): name is AttributionName => attributionNames.includes(name as AttributionName);
