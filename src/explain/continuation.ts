// Why a text goes on as it does: the relevance of the sum of log-probabilities of a whole continuation, or of how much more
// of it one has than another. Loaded when one is given.

import { quote, RelpropError } from "../errors.ts";
import type { Encoded } from "../inputs/encoded.ts";
import { partition } from "../logits.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Explanation, Ledger } from "./explanation.ts";
import type { Question } from "./request.ts";

interface Continued {
  whole: Encoded;
  /** Tokens of the text before it. */
  n: number;
}

/** Each text's explanations of its continuation; with `contrast`, of the difference from that one. */
export async function explainContinuation(
  engine: Engine,
  texts: readonly string[],
  asked: Question,
  { continuation, contrast, truncate }: { continuation: string; contrast?: string; truncate?: boolean },
  signal?: AbortSignal,
): Promise<Explanation[][]> {
  if (engine.parts.architecture.task !== "causal-lm") {
    throw new RelpropError("InvalidOption", "only a model that continues texts explains a continuation");
  }
  if (contrast !== undefined && (asked.finer || asked.layers)) {
    const message = "layers, groups, heads, neurons and pairs are of one continuation; leave out `contrast`";
    throw new RelpropError("InvalidOption", message);
  }
  const results: Explanation[][] = [];
  for (const text of texts) {
    const mine = await explainOne(engine, continued(engine, text, continuation, truncate), asked, continuation, signal);
    if (contrast === undefined) {
      results.push(mine);
      continue;
    }
    const other = continued(engine, text, contrast, truncate);
    const less = await explainOne(engine, other, asked, contrast, signal);
    results.push(mine.map((explanation, k) => difference(explanation, less[k], other.n)));
  }
  return results;
}

function continued(engine: Engine, text: string, more: string, truncate?: boolean): Continued {
  const after = engine.parts.tokenizer.template.single[1].length;
  const prompt = engine.encode(text, truncate).tokens;
  const whole = engine.encode(text + more, truncate);
  const n = prompt.length - after;
  const same = prompt.slice(0, n).every(({ id }, j) => id === whole.tokens[j]?.id);
  const end = whole.tokens.length - after;
  if (!same || end <= n) {
    const message = `${quote(more)} changes or adds no token of the text: does it begin with the space that it needs?`;
    throw new RelpropError("InvalidOption", message);
  }
  if (!n) throw new RelpropError("EmptyInput", "the text before a continuation needs a token");
  return { whole: { ...whole, reads: Array.from({ length: end - n }, (_, k) => n - 1 + k) }, n };
}

async function explainOne(
  engine: Engine,
  { whole, n }: Continued,
  asked: Question,
  label: string,
  signal?: AbortSignal,
): Promise<Explanation[]> {
  const [logits] = await engine.predict([whole], signal);
  const rows = whole.reads!.length;
  const width = logits.length / rows;
  const request = new Float32Array(logits.length + 1);
  let value = 0;
  for (let r = 0; r < rows; r++) {
    const row = logits.subarray(r * width, (r + 1) * width);
    const { peak, total } = partition(row);
    const next = whole.tokens[n + r].id;
    // The gradient of ln p of the token that comes: 1 for it, less all probabilities.
    for (let c = 0; c < width; c++) request[r * width + c] = -Math.exp(row[c] - peak) / total;
    request[r * width + next] += 1;
    value += row[next] - peak - Math.log(total);
  }
  const [explanations] = await engine.explain([whole], { ...asked, requests: [request] }, signal);
  return explanations.map((explanation) => ({
    ...explanation,
    target: { index: whole.tokens[n].id, label, logit: explanation.ledger.logit, probability: Math.exp(value) },
    explained: { of: "continuation", value },
  }));
}

/** One less the other: `n` tokens that they share, then those of each on its own, the second's with their sign turned. */
function difference(one: Explanation, other: Explanation, n: number): Explanation {
  const shift = one.text.length + 1;
  const moved = (at: number | null) => at && at + shift;
  const ledger = { ...one.ledger };
  for (const entry of Object.keys(ledger) as (keyof Ledger)[]) ledger[entry] -= other.ledger[entry];
  return {
    ...one,
    text: `${one.text}\n${other.text}`,
    contrast: other.target,
    explained: { of: "continuation", value: one.explained!.value - other.explained!.value },
    tokens: [
      ...one.tokens.map((token, j) =>
        j < n ? { ...token, relevance: token.relevance - other.tokens[j].relevance } : token,
      ),
      ...other.tokens.slice(n).map((token) => ({
        ...token,
        start: moved(token.start),
        end: moved(token.end),
        type: 1 as const,
        relevance: -token.relevance,
      })),
    ],
    ledger,
    warnings: [...new Set([...one.warnings, ...other.warnings])],
  };
}
