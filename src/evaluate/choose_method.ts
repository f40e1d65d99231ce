// Which method to explain a model with: the one that is most faithful on the caller's own texts.

import type { MethodName } from "../attribution/names.ts";
import { quote, RelpropError } from "../errors.ts";
import { checked } from "../options/kinds.ts";
import { methods as builtin, type PropagationMethod } from "../propagation/composites.ts";
import type { Model } from "../runtime/model.ts";
import type { Interval } from "./bootstrap.ts";
import { checkedModel, evaluate } from "./evaluate.ts";
import type { Example } from "./examples.ts";
import { fingerprint, type Journal } from "./journal.ts";
import type { ChooseOptions } from "./options.ts";
import { chooseOptions } from "./options.ts";
import type { Evaluation } from "./summary.ts";

/** What chooseMethod() returns. */
export interface MethodChoice<Name extends MethodName = PropagationMethod> {
  /** The method's name. */
  method: Name;
  /** A sentence. */
  why: string;
  /** What it rests on; its baseline is the method that scored best. */
  evaluation: Evaluation;
}

const MOST = 8; // choices that are kept of a model
const choices = new WeakMap<Model, Map<string, Promise<MethodChoice<MethodName>>>>();

/**
 * The method that scores best by a protocol's first metric (default: the area under ali2022-fixed's activation curve) on a
 * sample of texts; of the methods without a significant difference from the best, the one with the fewest forward passes. A model's
 * last 8 choices are kept as long as the model: the same sample and options give the same again.
 * @throws as evaluate().
 */
export async function chooseMethod<Name extends MethodName = PropagationMethod>(
  model: Model,
  sample: readonly (string | Example)[],
  given: ChooseOptions<Name> = {},
): Promise<MethodChoice<Name>> {
  const options = checked("chooseMethod()", chooseOptions, given);
  checkedModel("chooseMethod()", model);
  if (!Array.isArray(sample))
    throw new RelpropError("InvalidInput", `a sample is a list of texts, not ${quote(sample)}`);
  const { onProgress, signal, ...settings } = options;
  const key = fingerprint([sample, settings]);
  const known = choices.get(model) ?? new Map<string, Promise<MethodChoice<MethodName>>>();
  choices.set(model, known);
  const choice = known.get(key) ?? choose(model, sample, options);
  known.delete(key);
  known.set(key, choice); // the last of them
  const [oldest] = known.keys();
  if (known.size > MOST) known.delete(oldest);
  choice.catch(() => known.get(key) === choice && known.delete(key));
  return choice as Promise<MethodChoice<Name>>;
}

async function choose(
  model: Model,
  sample: readonly (string | Example)[],
  options: ChooseOptions,
): Promise<MethodChoice<MethodName>> {
  const { protocol = "ali2022-fixed", methods = [...builtin.keys()] } = options;
  const examples = sample.map((one) => (typeof one === "string" ? { text: one } : one));
  const all = { ...options, protocol, methods, journal: memory() };
  const first = await evaluate(model, examples, all);
  const [metric] = Object.keys(first.metrics);
  const names = Object.keys(first.methods) as MethodName[];
  const score = (name: MethodName) => (first.methods[name][metric] as Interval | undefined)?.mean ?? Number.NaN;
  const loss = (name: MethodName) =>
    ({ more: -score(name), less: score(name), zero: Math.abs(score(name)) })[first.metrics[metric]];
  const [best] = names.filter((name) => !Number.isNaN(score(name))).sort((a, b) => loss(a) - loss(b));
  if (best === undefined) {
    throw new RelpropError(
      "InvalidInput",
      `no text of the sample has a ${metric}: they are too short to compare methods`,
    );
  }

  // Nothing runs again: the journal has every text.
  const evaluation = await evaluate(model, examples, { ...all, baseline: best });
  const behind = (name: MethodName) => evaluation.differences![name][metric];
  const { methods: judged } = evaluation;
  const equal = names.filter((name) => name === best || (behind(name)?.low <= 0 && behind(name)?.high >= 0));
  const [method] = equal.sort((a, b) => judged[a].forwardPasses - judged[b].forwardPasses || loss(a) - loss(b));

  const figure = (value: number) => value.toFixed(3);
  const about = `${metric} ${figure(score(method))} on ${examples.length} texts by ${protocol}`;
  if (method === best) return { method, why: `${method}: ${about}, the best of ${names.length} methods`, evaluation };
  const { low, high } = behind(method);
  const close = `${best} has ${figure(score(best))}, which may be chance (95 %: ${figure(low)} to ${figure(high)})`;
  return { method, why: `${method}: ${about}; ${close} and takes more forward passes`, evaluation };
}

function memory(): Journal {
  let content = "";
  return {
    read: async () => content,
    append: async (text) => {
      content += text;
    },
  };
}
