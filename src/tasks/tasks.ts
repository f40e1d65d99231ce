// Models whose logits are not of whole texts: of each token, of an answer's two ends, or numbers that only compare.
// Loaded when such a model is used.

import { coded, quote, RelpropError } from "../errors.ts";
import type { Answer, Prediction } from "../explain/explanation.ts";
import type { ExplainOptions, PredictOptions } from "../explain/options.ts";
import type { TargetOptions } from "../explain/target.ts";
import type { Encoded, Input } from "../inputs/encoded.ts";
import { chamfer } from "../inputs/points/cloud.ts";
import type { Architecture } from "../models/family.ts";
import type { Task } from "../models/heads.ts";
import type { Engine } from "../runtime/engine.ts";

type Asked = { target?: unknown; of?: unknown; token?: ExplainOptions["token"]; signal?: AbortSignal };

const START = 0;
const END = 1;
const LONGEST = 30; // tokens of an answer

/** What a target may be called. Throws `InvalidOption` where a text alone leaves nothing to explain. */
export function labelsOf({ task, labels }: Architecture, { target, of }: Asked): readonly string[] {
  if (task === "question-answering") return [...labels, "answer"];
  if (task !== "embedding" || target !== undefined || typeof of === "object") return labels;
  const hint = "say which other text it is compared with, of: { cosine: text }, or name one of its numbers as target";
  throw new RelpropError("InvalidOption", `this model makes numbers of a text that mean nothing alone; ${hint}`);
}

/** The same options, words in place of the pieces of a vocabulary that stand for them: "sea" for "Ġsea" or "▁sea". */
export function named<O extends TargetOptions>({ task, labels }: Architecture, options: O): O {
  if (!task.endsWith("lm")) return options;
  const piece = (word: unknown) => {
    const bare = String(word).replace(/^ /, "");
    if (typeof word !== "string" || labels.includes(word)) return word;
    return ["Ġ", "▁", ""].map((mark) => mark + bare).find((one) => labels.includes(one)) ?? word;
  };
  const all = (words: unknown) => (Array.isArray(words) ? words.map(piece) : piece(words));
  return { ...options, target: all(options.target), contrast: all(options.contrast) };
}

/** Of question answering, weights of start, end, answer and, last, what is asked by default: in terms of the logits of both ends. */
export function spread(task: Task, rows: Float32Array[]): Float32Array[] {
  if (task !== "question-answering") return rows;
  return rows.map(([start, end, answer, rest]) => Float32Array.of(start + answer + rest, 0, 0, end + answer + rest, 0));
}

/** The same texts, each with the tokens whose logits are read. */
export async function placed(engine: Engine, encoded: readonly Encoded[], asked: Asked): Promise<Encoded[]> {
  const { task, reads } = engine.parts.architecture;
  const { token, signal } = asked;
  if (reads !== "tokens" && task !== "causal-lm") {
    if (token === undefined) return [...encoded];
    throw new RelpropError("InvalidOption", `this model does ${task}, it has no logits of single tokens`);
  }
  if (task === "question-answering") {
    if (token !== undefined)
      throw new RelpropError("InvalidOption", "an answer's ends are found by the model; leave out `token`");
    const logits = await engine.predict(encoded, signal);
    return encoded.map((one, i) => ({ ...one, reads: span(one, logits[i]) }));
  }
  if (task === "point-cloud-reconstruction" && token === undefined) {
    return encoded.map((one) => ({ ...one, reads: [one.tokens.length - one.cloud!.hidden!] })); // the first hidden one
  }
  if (token !== undefined) return encoded.map((one) => ({ ...masked(engine, one), reads: [place(one, token)] }));
  if (task === "token-classification") {
    const logits = await engine.predict(encoded, signal);
    return encoded.map((one, i) => ({ ...one, reads: [surest(engine, one, logits[i])] }));
  }
  return encoded.map((one) => ({ ...masked(engine, one), reads: masks(engine, one).slice(0, 1) }));
}

/** Without the warning that a mask is read as one, which is what it is there for. */
function masked({ parts: { tokenizer } }: Engine, one: Encoded): Encoded {
  const mask = one.tokens.find(({ id }) => id === tokenizer.maskId)?.text;
  return { ...one, warnings: one.warnings.filter((warning) => !mask || !warning.includes(quote(mask))) };
}

/** A token's place: its own, or that of the first one that stands where this part of the text does. */
function place({ text, tokens }: Encoded, token: number | string): number {
  if (typeof token === "number") {
    if (token < tokens.length) return token;
    throw new RelpropError(
      "InvalidOption",
      `there is no token ${quote(token)}; this text has 0 to ${tokens.length - 1}`,
    );
  }
  const from = text.indexOf(token);
  const found = from < 0 ? from : tokens.findIndex(({ start, end }) => start !== null && start <= from && end! > from);
  if (found >= 0) return found;
  throw new RelpropError("InvalidOption", `no token of ${quote(text)} stands at ${quote(token)}`);
}

/** What a language model's logits are of: the masked tokens, or the last token, after which comes the next. */
function masks({ parts }: Engine, { text, tokens }: Encoded): number[] {
  if (parts.architecture.task === "causal-lm") return [tokens.length - 1];
  const found = [...tokens.keys()].filter((j) => tokens[j].id === parts.tokenizer.maskId);
  if (found.length) return found;
  const mask = "put the vocabulary's mask token where a word is wanted, or say of which token by `token`";
  throw new RelpropError("InvalidOption", `nothing in ${quote(text)} is masked: ${mask}`);
}

/** The token that is most surely of a class other than "O", or of any. */
function surest({ about, tools }: Engine, { tokens }: Encoded, logits: Float32Array): number {
  const best = tokens.map((_, j) => top(tools.scored(about, rowOf(logits, j, about.labels.length)).classes));
  const own = [...tokens.keys()].filter((j) => tokens[j].start !== null);
  const named = own.filter((j) => best[j].label !== "O");
  const among = named.length ? named : own.length ? own : [...tokens.keys()];
  return among.reduce((a, b) => (best[b].probability! > best[a].probability! ? b : a));
}

const top = <T extends { logit: number }>(classes: readonly T[]): T =>
  classes.reduce((best, one) => (one.logit > best.logit ? one : best));

const rowOf = (logits: Float32Array, row: number, width: number) => logits.subarray(row * width, (row + 1) * width);

/** The first and last token of the best answer: of the second text if there are two. */
function span({ tokens }: Encoded, logits: Float32Array): [number, number] {
  const pair = tokens.findIndex(({ type }) => type);
  const own = [...tokens.keys()].filter((j) => tokens[j].start !== null && j >= pair);
  const [first = 0] = own;
  let best: [number, number] = [first, first];
  const score = ([i, j]: [number, number]) => logits[2 * i + START] + logits[2 * j + END];
  for (const i of own) {
    for (const j of own) {
      if (j >= i && j - i < LONGEST && score([i, j]) > score(best)) best = [i, j];
    }
  }
  return best;
}

/** Throws `InvalidOption` where what is asked needs all relevance to pass the stream between blocks, and it does not. */
export function wholeStream({ skips }: Architecture, asked: ExplainOptions): void {
  const wanted = skips?.find((name) => asked[name]);
  if (!wanted) return;
  const message = `in this model relevance also goes around blocks, so that ${wanted} have no ledger of their own; leave it out`;
  throw new RelpropError("InvalidOption", message);
}

/** Texts as tokens, images as patches, each for the network that is asked for; all of them, so that what is wrong with one is told before any run. */
export async function encode(
  engine: Engine,
  inputs: readonly Input[],
  { truncate, loops, without, signal }: PredictOptions,
): Promise<Encoded[]> {
  const { architecture } = engine.parts;
  const read = (input: Input) => architecture.encode?.(input, signal) ?? engine.encode(input, truncate);
  const encoded = await Promise.all(inputs.map(async (input) => read(input))).catch((error) => {
    throw coded(error);
  });
  if (loops === undefined && without === undefined) return encoded;
  const { changed } = await import("../explain/ablation.ts");
  const change = changed(engine, { loops, without });
  return encoded.map((one) => ({ ...one, change }));
}

/** Each text's prediction. */
export async function predictions(
  engine: Engine,
  inputs: readonly Input[],
  options: PredictOptions,
): Promise<Prediction[]> {
  const encoded = await encode(engine, inputs, options);
  const { about, tools, parts } = engine;
  const { task, reads } = parts.architecture;
  const lm = task.endsWith("lm");
  const fed = lm ? encoded.map((one) => ({ ...masked(engine, one), reads: masks(engine, one) })) : encoded;
  const logits = await engine.predict(fed, options.signal);
  return fed.map((one, i): Prediction => {
    const { text, tokens, warnings } = one;
    const common = { text, model: about.model, backend: about.backend, warnings };
    if (task === "embedding") return { ...common, classes: [], embedding: Array.from(logits[i]) };
    if (reads !== "tokens" && !lm) return { ...common, classes: tools.scored(about, logits[i]).classes };
    if (task === "question-answering") {
      const ends = span(one, logits[i]);
      const answer = answerOf(one, ends, logits[i]);
      return { ...common, classes: [], answer };
    }
    const width = about.labels.length;
    if (task === "point-cloud-reconstruction") return { ...common, classes: [], cloud: madeUp(one, logits[i], width) };
    const rows = "reads" in one && one.reads ? one.reads : [...tokens.keys()];
    const told = rows.map((j, row) => ({
      ...tokens[j],
      classes: tools.scored(about, rowOf(logits[i], row, width)).classes,
    }));
    const main = lm ? 0 : surest(engine, one, logits[i]);
    return { ...common, classes: told[main].classes, tokens: told };
  });
}

/** The points of the hidden groups, and how far they are from those that were there. */
function madeUp({ tokens: { length: n }, given, cloud }: Encoded, logits: Float32Array, width: number) {
  const hidden = cloud!.hidden!;
  const around = (j: number) => given!.places.subarray(3 * j, 3 * j + 3);
  const all = Array.from({ length: hidden }, (_, k) => n - hidden + k);
  const points = all.flatMap((j) => {
    const own = rowOf(logits, j, width);
    return Array.from({ length: width / 3 }, (_, p) => [0, 1, 2].map((c) => own[3 * p + c] + around(j)[c]));
  });
  const told = all.map((j) => chamfer(rowOf(logits, j, width), rowOf(given!.truth, j, width)));
  return { points, chamfer: told.reduce((sum, v) => sum + v, 0) / hidden };
}

function answerOf({ text: both, tokens }: Encoded, ends: [number, number], logits: Float32Array): Answer {
  const [from, to] = ends.map((j) => tokens[j]);
  const [start, end] = [from.start ?? 0, to.end ?? 0];
  const logit = logits[2 * ends[0] + START] + logits[2 * ends[1] + END];
  return { text: both.slice(start, end), start, end, tokens: ends, logit };
}
