// Why a text goes on as it does: the relevance of the sum of log-probabilities of a whole continuation, or of how much more
// of it one has than another.

import type { Engine } from "../engine/engine.ts";
import { quote, RelpropError } from "../errors.ts";
import { isConversation } from "../inputs/chat/conversation.ts";
import type { Conversation, Encoded, Input } from "../inputs/encoded.ts";
import { partition } from "../logits.ts";
import type { AnswerMatrix } from "./answer_matrix.ts";
import type { Explanation, Ledger, TokenRelevance } from "./explanation.ts";
import type { AnswerOptions, ExplainOptions } from "./options.ts";
import { relevance } from "./relevance.ts";
import { type ExplainRequest, explainRequest } from "./request.ts";

interface Continued {
  full: Encoded;
  /** Tokens of the text before it. */
  n: number;
}

/**
 * Each text's explanation of its continuation, or a list of them; with `contrast`, of the difference from that one; with `each`
 * a matrix.
 */
export async function explainContinuation(
  engine: Engine,
  inputs: readonly Input[],
  options: ExplainOptions | AnswerOptions,
): Promise<(Explanation | Explanation[] | AnswerMatrix)[]> {
  if (options.each) return answers(engine, inputs, options);
  if (options.numLoops !== undefined || options.ablate) {
    throw new RelpropError("InvalidOption", "`continuation` excludes `numLoops` and `ablate`");
  }
  const { truncate, signal } = options;
  const request = explainRequest([], options);
  const continuation = options.continuation!;
  const contrast = options.contrast === undefined ? undefined : String(options.contrast);
  const texts = inputs.map(given);
  checkTask(engine, "`continuation`");
  if (contrast !== undefined && (request.breakdownOptions || request.layers)) {
    const message = "with `contrast`, a continuation has no layers, groups, heads, neurons or pairs";
    throw new RelpropError("InvalidOption", message);
  }
  const results: Explanation[][] = [];
  for (const text of texts) {
    const mine = await explainOne(
      engine,
      await continued(engine, text, continuation, truncate),
      request,
      continuation,
      signal,
    );
    if (contrast === undefined) {
      results.push(mine);
      continue;
    }
    const other = await continued(engine, text, contrast, truncate);
    const less = await explainOne(engine, other, request, contrast, signal);
    results.push(mine.map((explanation, k) => difference(explanation, less[k], other.n)));
  }
  return request.isList ? results : results.map(([only]) => only);
}

async function answers(engine: Engine, inputs: readonly Input[], options: AnswerOptions): Promise<AnswerMatrix[]> {
  const { checkAnswerOptions, explainAnswer } = await import("./answer.ts");
  checkAnswerOptions(options);
  if (options.continuation === undefined) {
    throw new RelpropError("InvalidOption", "`each` needs a `continuation`, and each of its tokens is explained");
  }
  const texts = inputs.map(given);
  checkTask(engine, "`each`");
  const { continuation, truncate } = options;
  const matrices: AnswerMatrix[] = [];
  const read = await Promise.all(texts.map((text) => continued(engine, text, continuation, truncate)));
  for (const { full, n } of read) {
    const tokens = full.tokens.slice(0, n + full.reads!.length); // without what the template adds at the end
    matrices.push(await explainAnswer(engine, { ...full, tokens }, n, options));
  }
  return matrices;
}

function checkTask(engine: Engine, option: string): void {
  if (engine.architecture.task.continues) return;
  throw new RelpropError("InvalidOption", `${option} needs a causal language model`);
}

function given(input: Input): string | Conversation {
  if (typeof input === "string" || isConversation(input)) return input;
  throw new RelpropError("InvalidInput", "a continuation needs a text or a conversation as input");
}

async function continued(
  engine: Engine,
  input: string | Conversation,
  more: string,
  truncate?: boolean,
): Promise<Continued> {
  const talk = typeof input !== "string";
  const after = talk ? 0 : engine.tokenizer.template.single[1].length;
  const longer = talk ? { ...input, answer: (input.answer ?? "") + more } : input + more;
  const [{ tokens: prompt }, whole] = await engine.encode([input, longer], { truncate });
  const n = prompt.length - after;
  const same = prompt.slice(0, n).every(({ id }, j) => id === whole.tokens[j]?.id);
  const end = whole.tokens.length - after;
  if (!same || end <= n) {
    const message = `${quote(more)} changes or adds no token of the text: does it begin with the space that it needs?`;
    throw new RelpropError("InvalidOption", message);
  }
  if (!n) throw new RelpropError("EmptyInput", "the text before a continuation needs a token");
  return { full: { ...whole, reads: Array.from({ length: end - n }, (_, k) => n - 1 + k) }, n };
}

async function explainOne(
  engine: Engine,
  { full, n }: Continued,
  asked: ExplainRequest,
  label: string,
  signal?: AbortSignal,
): Promise<Explanation[]> {
  const [logits] = await engine.predict([full], signal);
  const rows = full.reads!.length;
  const width = logits.length / rows;
  const request = new Float32Array(logits.length + 1);
  let value = 0;
  for (let r = 0; r < rows; r++) {
    const row = logits.subarray(r * width, (r + 1) * width);
    const { peak, total } = partition(row);
    const next = full.tokens[n + r].id;
    // The gradient of ln p of the token that comes: 1 for it, less all probabilities.
    for (let c = 0; c < width; c++) request[r * width + c] = -Math.exp(row[c] - peak) / total;
    request[r * width + next] += 1;
    value += row[next] - peak - Math.log(total);
  }
  const [explanations] = await relevance(engine, [full], { ...asked, targetWeights: [request] }, signal);
  return explanations.map((explanation) => ({
    ...explanation,
    target: { index: full.tokens[n].id, label, logit: explanation.ledger.logit, probability: Math.exp(value) },
    explained: { objective: "continuation", value },
  }));
}

/** One less the other: `n` tokens that they share, then those of each on its own, the second's with their sign turned. */
function difference(one: Explanation, other: Explanation, n: number): Explanation {
  const shift = one.text.length + 1;
  const moved = (token: TokenRelevance): TokenRelevance =>
    token.start === null ? token : { ...token, start: token.start + shift, end: token.end + shift };
  const less = (a: TokenRelevance | undefined, b: TokenRelevance | undefined) => {
    const positional = a?.positional ?? b?.positional;
    const relevance = (a?.relevance ?? 0) - (b?.relevance ?? 0);
    return { relevance, ...(positional !== undefined && { positional: (a?.positional ?? 0) - (b?.positional ?? 0) }) };
  };
  const ledger = { ...one.ledger };
  for (const entry of Object.keys(ledger) as (keyof Ledger)[]) ledger[entry] -= other.ledger[entry];
  return {
    ...one,
    text: `${one.text}\n${other.text}`,
    contrast: other.target,
    explained: { objective: "continuation", value: one.explained!.value - other.explained!.value },
    tokens: [
      ...one.tokens.map((token, j) => ({ ...token, ...less(token, j < n ? other.tokens[j] : undefined) })),
      ...other.tokens.slice(n).map((token) => ({ ...moved(token), type: 1 as const, ...less(undefined, token) })),
    ],
    ledger,
    warnings: [...new Set([...one.warnings, ...other.warnings])],
  };
}
