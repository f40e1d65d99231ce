// evaluate(): every method's explanations of every example, judged by a protocol. Works on a model here or in a worker.

import { attribution, attributions } from "../attribution/methods.ts";
import { attributionNames } from "../attribution/names.ts";
import type { Method } from "../attribution/options.ts";
import { quote, RelpropError, throwIfAborted } from "../errors.ts";
import { checked } from "../options/kinds.ts";
import { methods as builtin, isOther, method } from "../propagation/composites.ts";
import type { Model } from "../runtime/model.ts";
import { classIndex } from "../tasks/target.ts";
import { taskOf } from "../tasks/tasks.ts";
import { evaluateAblations } from "./ablations.ts";
import type { Example } from "./examples.ts";
import { identity } from "./identity.ts";
import { fingerprint, open } from "./journal.ts";
import { type Case, judge } from "./judge.ts";
import { type EvaluateOptions, evaluateOptions, type JudgedName } from "./options.ts";
import type { Protocol } from "./protocol.ts";
import { protocol } from "./protocols.ts";
import { type Evaluation, type MethodRun, type Row, summary } from "./summary.ts";

const BASELINE = "gradient-x-input";

const SLOW = 200; // examples by which slow methods are judged

/** All methods there are. */
const usual = (): JudgedName[] => [
  ...builtin.keys(),
  ...attributionNames.map((name): JudgedName => (attributions[name].slow ? `${name}:${SLOW}` : name)),
];

/**
 * Evaluates each method's explanations of each example by a protocol (default `ali2022`, Ali et al. 2022).
 * @throws InvalidInput and InvalidOption; what explain() throws; Aborted.
 */
export async function evaluate(
  model: Model,
  examples: readonly Example[],
  given: EvaluateOptions = {},
): Promise<Evaluation> {
  const options = checked("evaluate()", evaluateOptions, given);
  checkedModel("evaluate()", model);
  const { at = "embeddings", seed = 0, signal, onProgress, randomized = [] } = options;
  if (!taskOf(model).texts) {
    const message = `protocols need classes of whole texts; this model's task is ${model.task}`;
    throw new RelpropError("InvalidOption", message);
  }
  const name = options.protocol ?? "ali2022";
  const how = protocol(name);
  if (how.ablation) return evaluateAblations(model, checkedExamples(examples), how, { ...options, protocol: name });
  const judged = judgedMethods(options.methods, examples.length, seed);
  const baseline = baselineOf(options.baseline, judged);
  checkedExamples(examples);
  if (how.randomized && !randomized.length) {
    const message = `${name} needs \`randomized\`: models loaded from the files that randomized() yields`;
    throw new RelpropError("InvalidOption", message);
  }

  for (const one of judged) check(one.method);
  const cases = await prepare(model, examples, how, options);
  const { rows, add } = await open<Row>(options.journal, {
    protocol: name,
    model: await identity(model),
    backend: model.backend,
    at,
    seed,
    methods: judged,
    examples: `${cases.length} ${fingerprint(cases.map(({ text, target }) => [text, target]))}`,
  });

  for (const [i, one] of cases.entries()) {
    onProgress?.({ done: i, total: cases.length });
    if (rows.has(i)) continue;
    throwIfAborted(signal);
    const row = await judge(model, one, i, how, { judged, at, randomized, signal });
    await add(row);
    rows.set(i, row);
  }
  onProgress?.({ done: cases.length, total: cases.length });

  const about = { protocol: name, model: model.name, backend: model.backend, at, seed };
  return summary(
    about,
    how,
    judged,
    baseline,
    cases.map((_, i) => rows.get(i)!),
  );
}

function checkedExamples(examples: readonly Example[]): readonly Example[] {
  if (!Array.isArray(examples)) throw new RelpropError("InvalidInput", `examples are a list, not ${quote(examples)}`);
  if (!examples.length) throw new RelpropError("InvalidInput", "there are no examples to evaluate on");
  const odd = examples.findIndex((one) => !isExample(one));
  if (odd < 0) return examples;
  const message = `example ${odd + 1} is ${quote(examples[odd])}, it must be { text, label? }`;
  throw new RelpropError("InvalidInput", message, { example: odd });
}

const isExample = (one: unknown): one is Example => {
  const { text, label } = Object(one) as Record<string, unknown>;
  return typeof text === "string" && (label === undefined || typeof label === "string" || typeof label === "number");
};

/** Throws `InvalidInput`. */
export function checkedModel(call: string, model: unknown): void {
  if (typeof Object(model).predict === "function") return;
  throw new RelpropError("InvalidInput", `${call} needs a model from load(), not ${quote(model)}`);
}

function judgedMethods(wanted: EvaluateOptions["methods"] = usual(), examples: number, seed: number): MethodRun[] {
  const entries = Array.isArray(wanted)
    ? (wanted as string[]).map((text) => [text, text] as const)
    : Object.entries(wanted as Record<string, Method>);
  const judged = entries.map(([key, given]): MethodRun => {
    if (typeof given !== "string") return { name: key, method: given, limit: examples };
    const [, name, limit] = /^(.*?)(?::([1-9]\d*))?$/.exec(given)!;
    const method = (name === "random" ? { name, seed } : name) as Method; // check() refuses others
    return { name: key === given ? name : key, method, limit: Math.min(Number(limit ?? examples), examples) };
  });
  const names = judged.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new RelpropError("InvalidOption", `the method ${quote(twice)} is listed twice`);
  if (names.length) return judged;
  throw new RelpropError("InvalidOption", "there are no methods to evaluate");
}

/** That there is such a method, before anything runs. */
function check(wanted: unknown): void {
  if (isOther(wanted)) attribution(wanted);
  else method(wanted);
}

function baselineOf(wanted: string | undefined, judged: readonly MethodRun[]): string | undefined {
  if (judged.some(({ name }) => name === (wanted ?? BASELINE))) return wanted ?? BASELINE;
  if (wanted === undefined) return undefined;
  const names = judged.map(({ name }) => name).join(", ");
  throw new RelpropError("InvalidOption", `the baseline ${quote(wanted)} is not among the methods, which are ${names}`);
}

/** All examples, checked before any is run. */
async function prepare(
  model: Model,
  examples: readonly Example[],
  { target }: Protocol,
  { truncate, signal }: EvaluateOptions,
): Promise<Case[]> {
  const tokens = await model.tokenize(
    examples.map(({ text }) => text),
    { truncate, signal },
  );
  return examples.map(({ text, label }, i) => {
    // A text that was cut must be one that is short enough: up to where its last token but the closing one ends.
    const end = Math.max(...tokens[i].map(({ end }) => end ?? 0));
    const whole = tokens[i].length < model.maxTokens ? text : text.slice(0, end);
    if (target === "top") return { text: whole, tokens: tokens[i] };
    if (label !== undefined) return { text: whole, tokens: tokens[i], target: classIndex(model.labels, label) };
    const message = `example ${i + 1} has no label, and this protocol explains the label's class; ali2022-fixed the top class`;
    throw new RelpropError("InvalidInput", message, { example: i });
  });
}
