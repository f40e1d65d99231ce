// A text goes on, token by token, and each token may be explained: what of the text, and of what was generated before it, it
// rests on. Keys and values of earlier tokens stay on the device, so a step computes one row.

import type { Engine } from "../engine/engine.ts";
import { quote, RelpropError, throwIfAborted } from "../errors.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ExplainOptions } from "../explain/options.ts";
import { relevance } from "../explain/relevance.ts";
import { question, wholeStream } from "../explain/request.ts";
import { finite } from "../finite.ts";
import type { Encoded } from "../inputs/encoded.ts";
import { spelled } from "../inputs/tokenizers/spelling.ts";
import type { TextToken, Token } from "../inputs/tokenizers/token.ts";
import { argMax, logSumExp } from "../logits.ts";
import { uniform } from "../random.ts";
import { type KeyValueCache, keyValueCache } from "./cache.ts";
import type { GenerateOptions } from "./options.ts";

/** A token with its logit, and its probability among all tokens at temperature 1. */
export interface GeneratedToken extends TextToken {
  logit: number;
  probability: number;
  /** Of its logit; offsets and tokens are those of the text up to it. */
  explanation?: Explanation;
}

export interface Generation {
  /** The text and what was added to it; where that begins, in UTF-16 units. */
  text: string;
  promptLength: number;
  model: string;
  backend: "wasm" | "webgpu";
  /** What was added. */
  tokens: GeneratedToken[];
  /** Whether the model ended the text, or there was no room for more. */
  finishReason: "stop" | "length";
  warnings: string[];
}

/** @internal */
export async function generate(engine: Engine, text: string, options: GenerateOptions): Promise<Generation> {
  const cache = keyValueCache(engine);
  try {
    return await extend(engine, cache, text, options);
  } finally {
    cache.dispose();
  }
}

async function extend(
  engine: Engine,
  cache: KeyValueCache,
  text: string,
  options: GenerateOptions,
): Promise<Generation> {
  const { architecture, tokenizer } = engine;
  const { task, spell, stops = [] } = architecture;
  if (!task.continues) {
    throw new RelpropError("InvalidOption", `this model does ${task.name}, it does not continue texts`);
  }
  if (!spell)
    throw new RelpropError("TokenizerUnsupported", "the tokenizer's decoder is none that relprop can spell by");
  if (typeof text !== "string") {
    throw new RelpropError("InvalidInput", `what is continued is a text, not ${quote(text)}`);
  }
  const draw = sampler(options);
  const { explain, onProgress, signal } = options;
  const { maxNewTokens = 20 } = options;
  const [{ tokens: read, warnings }] = await engine.encode([text]);
  const prompt = read.slice(0, read.length - tokenizer.template.single[1].length);
  if (!prompt.length) throw new RelpropError("EmptyInput", "the text that is continued needs a token");

  const result: Generation = {
    text,
    promptLength: text.length,
    model: engine.about.model,
    backend: engine.about.backend,
    tokens: [],
    finishReason: "length",
    warnings,
  };
  const { tokens } = result;
  const room = Math.min(maxNewTokens, architecture.positions - prompt.length + 1);
  while (tokens.length < room) {
    throwIfAborted(signal);
    const before: Encoded = { text: result.text, tokens: [...prompt, ...tokens.map(bare)], warnings };
    const logits = await cache.logits(before, signal);
    const id = draw(logits);
    if (stops.includes(id)) {
      result.finishReason = "stop";
      break;
    }
    const added: GeneratedToken = {
      id,
      text: architecture.labels[id],
      start: 0,
      end: 0,
      special: false,
      logit: logits[id],
      probability: Math.exp(logits[id] - logSumExp(logits)),
    };
    if (explain) {
      const how: ExplainOptions = explain === true ? {} : explain;
      wholeStream(architecture, how);
      const asking = { ...how, target: id };
      const asked = question(await task.requests(architecture.labels, asking), asking);
      const one = { ...before, reads: [before.tokens.length - 1] };
      const [[explanation]] = await relevance(engine, [one], asked, signal);
      added.explanation = explanation;
    }
    tokens.push(added);
    const { text: more, ranges } = spelled(tokens.map((token) => spell(token.text)));
    result.text = text + more;
    tokens.forEach((token, k) => {
      token.start = text.length + ranges[k][0];
      token.end = text.length + ranges[k][1];
    });
    onProgress?.(finite(added));
  }
  return result;
}

const bare = ({ logit, probability, explanation, ...token }: GeneratedToken): Token => token;

/** Chooses a token by its logits. */
function sampler({ temperature = 0, topK, topP = 1, seed = 0 }: GenerateOptions): (logits: Float32Array) => number {
  const random = uniform(seed);
  return (logits) => {
    if (!temperature) return argMax(logits);
    const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, topK);
    const weights = order.map((id) => Math.exp((logits[id] - logits[order[0]]) / temperature));
    const total = weights.reduce((sum, w) => sum + w, 0);
    let kept = 0;
    let mass = 0;
    while (kept < order.length && mass < topP * total) mass += weights[kept++];
    let left = random() * mass;
    for (let k = 0; k < kept; k++) {
      left -= weights[k];
      if (left < 0) return order[k];
    }
    return order[kept - 1];
  };
}
