// The options of explain() that a command line asks for.

import type { ExplainLists, ExplainOptions } from "../explain/options.ts";
import { listed } from "../options/lists.ts";
import { changes } from "./diagnose.ts";
import { formatOf } from "./format.ts";
import { alone, checkMethods, jsonFile, methodsOf } from "./methods.ts";
import { integer } from "./numbers.ts";
import type { Values } from "./options.ts";
import { Usage } from "./usage.ts";

export const AUTO = "auto"; // the method that a sample shows to be the most faithful

/** The options of explain(), checked before a model is loaded. */
export async function asks(values: Values): Promise<ExplainOptions | ExplainLists> {
  if (values.composite !== undefined && values.method !== undefined) {
    throw new Usage("`--method` and `--composite` exclude each other");
  }
  const wanted = values.composite === undefined ? await methodsOf(values.method) : await jsonFile(values.composite);
  if (wanted !== AUTO) {
    await checkMethods(listed(wanted));
    if (values.sample !== undefined) throw new Usage("`--sample` needs `--method auto`");
  } else if (values.at?.includes(",")) throw new Usage("`--method auto` needs one reading point");
  const { at, target, contrast, truncate, layers, groups, heads, pairs, experts, interactions, pixels, token } = values;
  const neurons = integer("neurons", values.neurons, 1);
  const breakdown = { layers, groups, heads, neurons, pairs, experts, interactions };
  const { groups: _, ...others } = breakdown; // renderers draw groups
  const some = Object.entries(others).find(([, value]) => value !== undefined);
  if (some && !values.jsonl && values.data === undefined && formatOf(values) !== "json")
    throw new Usage(`\`--${some[0]}\` needs \`--json\``);
  const asked = {
    ...changes(values),
    ...breakdown,
    pixels,
    positional: values.positional,
    objective: objectiveOf(values),
    token: token !== undefined && /^\d+$/.test(token) ? Number(token) : token,
    continuation: values.continuation,
    each: values.each,
    method: wanted,
    at: alone(at?.split(",")),
    target: alone(target),
    contrast: alone(contrast),
    truncate,
  };
  return asked as ExplainOptions | ExplainLists;
}

/** What is explained of the logits: --objective, --cosine or --dot. */
function objectiveOf({ objective, cosine, dot }: Values): ExplainOptions["objective"] {
  const given = [objective, cosine, dot].filter((one) => one !== undefined);
  if (given.length > 1) throw new Usage("`--objective`, `--cosine` and `--dot` exclude each other");
  if (cosine !== undefined) return { cosine };
  return dot === undefined ? (objective as ExplainOptions["objective"]) : { dot };
}

/** --target all: each class, unless one is called so. */
export const isAll = ({ target }: { target?: unknown }, labels: readonly string[]) =>
  target === "all" && !labels.includes("all");
