// A text goes on, token by token, and each token may be explained: what of the text, and of what was generated before it, it
// rests on. Keys and values of earlier tokens stay on the device, so a step computes one row.

import type { Engine } from "../engine/engine.ts";
import { quote, RelpropError, throwIfAborted } from "../errors.ts";
import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import type { Explanation } from "../explain/explanation.ts";
import { grouped } from "../explain/groups.ts";
import type { ExplainOptions } from "../explain/options.ts";
import { relevance } from "../explain/relevance.ts";
import { checkStream, explainRequest } from "../explain/request.ts";
import { finite } from "../finite.ts";
import { isConversation } from "../inputs/chat/conversation.ts";
import type { Conversation, Encoded, MessageSpan } from "../inputs/encoded.ts";
import { speller } from "../inputs/tokenizers/spelling.ts";
import type { Token } from "../inputs/tokenizers/token.ts";
import { logSumExp } from "../logits.ts";
import { pauses } from "../pauses.ts";
import { type KeyValueCache, keyValueCache } from "./cache.ts";
import type { GeneratedToken, Generation, Prompt, TokenProbability } from "./generation.ts";
import type { GenerateOptions, GenerationMatrix } from "./options.ts";
import { ranked, sampler } from "./sampling.ts";
import { stopAt } from "./stop.ts";

/** @internal */
export async function generate(engine: Engine, input: Prompt, options: GenerateOptions): Promise<Generation> {
  const cache = keyValueCache(engine);
  try {
    return await extend(engine, cache, input, options);
  } finally {
    cache.dispose();
  }
}

async function extend(
  engine: Engine,
  cache: KeyValueCache,
  input: Prompt,
  options: GenerateOptions,
): Promise<Generation> {
  const { architecture, tokenizer } = engine;
  const { task, spell, stops = [], generation } = architecture;
  if (!task.continues) {
    throw new RelpropError(
      "InvalidOption",
      `this model's task is ${task.name}; only causal language models generate text`,
    );
  }
  if (!spell) throw new RelpropError("TokenizerUnsupported", "the tokenizer's decoder is not supported");
  const isChat = typeof input !== "string";
  if (isChat && !isConversation(input)) {
    throw new RelpropError("InvalidInput", `generate() needs a text or { messages }, not ${quote(input)}`);
  }
  if (generation?.refused) throw generation.refused;
  const { maxNewTokens = 20, logprobs, explain, onProgress, signal } = options;
  const together = typeof explain === "object" && "each" in explain && explain.each ? explain : undefined;
  const single = explain === true ? {} : together ? undefined : (explain as ExplainOptions | false | undefined);
  const draw = sampler({ repetitionPenalty: generation?.repetitionPenalty, ...options });
  const stop = stopAt(options.stop ?? generation?.stop);
  const pause = pauses(signal);
  const [{ text, tokens: read, messages, warnings }] = await engine.encode([input]);
  const matrix = together && (await answerMatrix(engine, together, { text, messages }));
  if (single && single.objective !== undefined) {
    throw new RelpropError(
      "InvalidOption",
      "of `explain`, `objective` needs `each: true`; one by one logits are explained",
    );
  }
  const prompt = isChat ? read : read.slice(0, read.length - tokenizer.template.single[1].length);
  if (!prompt.length) throw new RelpropError("EmptyInput", "the text has no token to continue from");

  const ids = prompt.map(({ id }) => id);
  const tokens: GeneratedToken[] = [];
  const out = speller();
  let emitted = 0;
  const place = () => {
    for (let k = emitted; k < tokens.length; k++) {
      const [start, end] = out.range(k);
      Object.assign(tokens[k], { start: text.length + start, end: text.length + end });
    }
  };
  /** Reports the tokens that end in the first `length` units of what was added. */
  const emit = (length: number) => {
    for (; emitted < tokens.length && tokens[emitted].end <= text.length + length; emitted++)
      onProgress?.(finite(tokens[emitted]));
  };

  const room = Math.min(maxNewTokens, architecture.positions - prompt.length + 1);
  let finishReason: Generation["finishReason"] = "length";
  let length = 0;
  while (tokens.length < room) {
    throwIfAborted(signal);
    const before: Encoded = { text: text + out.text, tokens: [...prompt, ...tokens.map(bare)], warnings };
    if (isChat && messages) before.messages = answered(messages, input, text.length, before.text.length);
    const logits = await cache.logits(before, signal);
    await pause();
    const id = draw(logits, ids);
    if (stops.includes(id)) {
      finishReason = "stop";
      break;
    }
    const token = generatedToken(engine, id, logits, logprobs);
    if (single) token.explanation = await explained(engine, before, id, single, signal);
    token.added = out.add(spell(token.text));
    ids.push(id);
    tokens.push(token);
    place();
    length += token.added.length;
    const { cut, safe } = stop(out.text, length);
    if (cut !== undefined) {
      finishReason = "stop";
      return ended(out.text.slice(0, cut));
    }
    if (tokens.length < room) emit(safe);
  }
  return ended(out.text);

  /** The result, of which this is what was added: the tokens that begin in it. */
  async function ended(more: string): Promise<Generation> {
    const own = tokens.filter(({ start }, k) => start < text.length + more.length || k < emitted);
    let from = 0;
    for (const [k, token] of own.entries()) {
      const last = k === own.length - 1;
      token.end = Math.min(token.end, text.length + more.length);
      token.added = last ? more.slice(from) : token.added;
      from += token.added.length;
    }
    tokens.splice(0, tokens.length, ...own);
    emit(more.length);
    const { model, backend } = engine.info;
    const all = { text: text + more, promptLength: text.length, model, backend, tokens, finishReason, warnings };
    if (!matrix) return all;
    const whole: Encoded = { text: all.text, tokens: [...prompt, ...tokens.map(bare)], warnings };
    if (isChat && messages) whole.messages = answered(messages, input, text.length, all.text.length);
    return { ...all, matrix: await matrix(whole, prompt.length, signal) };
  }
}

/** What explains all tokens together; throws what is wrong with its options before any is generated. */
async function answerMatrix(
  engine: Engine,
  how: GenerationMatrix,
  prompt: Pick<Encoded, "text" | "messages">,
): Promise<(whole: Encoded, n: number, signal?: AbortSignal) => Promise<AnswerMatrix>> {
  const { checkAnswerOptions, explainAnswer } = await import("../explain/answer.ts");
  checkAnswerOptions(how, "`explain: { each: true }`");
  const { method, contrast, groups } = how;
  const { task, labels } = engine.architecture;
  explainRequest(await task.targetWeights(labels, { contrast }), { method });
  if (groups === "messages") grouped({ ...prompt, tokens: [] }, groups);
  return (whole, n, signal) => explainAnswer(engine, whole, n, { ...how, signal });
}

/** The messages, the last of them an answer that goes on behind `prompt` units of text until `end`. */
function answered(spans: readonly MessageSpan[], input: Conversation, prompt: number, end: number): MessageSpan[] {
  const n = input.messages.length;
  const start = prompt - (input.answer?.length ?? 0);
  const before = spans.filter(({ message }) => message < n);
  return start < end ? [...before, { message: n, role: "assistant", start, end }] : before;
}

/** A token with what logits say of it, not yet in the text. */
function generatedToken(
  { architecture: { labels } }: Engine,
  id: number,
  logits: Float32Array,
  logprobs: number | undefined,
): GeneratedToken {
  const total = logSumExp(logits);
  const of = (id: number): TokenProbability => ({ id, text: labels[id], logProbability: logits[id] - total });
  return {
    id,
    text: labels[id],
    start: 0,
    end: 0,
    special: false,
    added: "",
    logit: logits[id],
    probability: Math.exp(logits[id] - total),
    ...(logprobs !== undefined && {
      logProbability: logits[id] - total,
      likeliest: ranked(logits).slice(0, logprobs).map(of),
    }),
  };
}

/** Why this token comes after that text. */
async function explained(
  engine: Engine,
  before: Encoded,
  id: number,
  how: ExplainOptions,
  signal?: AbortSignal,
): Promise<Explanation> {
  const { task, labels } = engine.architecture;
  checkStream(engine.architecture, how);
  const asking = { ...how, target: id };
  const request = explainRequest(await task.targetWeights(labels, asking), asking);
  const [[explanation]] = await relevance(engine, [{ ...before, reads: [before.tokens.length - 1] }], request, signal);
  return explanation;
}

/** A token as the model reads it. */
const bare = ({ id, text, start, end, special }: GeneratedToken): Token => ({ id, text, start, end, special });
