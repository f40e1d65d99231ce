// An answer as a matrix: what each of its tokens rests on, of all tokens before it. One forward pass over the prompt and the
// answer, then a walk back for each token of the answer.

import type { Engine, Probe } from "../engine/engine.ts";
import { part } from "../engine/network.ts";
import { quote, RelpropError, throwIfAborted } from "../errors.ts";
import type { Encoded } from "../inputs/encoded.ts";
import { rowSelection } from "../inputs/inputs.ts";
import { method } from "../propagation/composites.ts";
import type { AnswerMatrix, AnswerRow } from "./answer_matrix.ts";
import { type AnswerTrace, answerTrace } from "./answer_trace.ts";
import type { Explanation } from "./explanation.ts";
import { checkContrasted, objectiveGradient, resolvedWeights } from "./objective.ts";
import type { AnswerOptions, ExplainOptions } from "./options.ts";
import { explanations } from "./results.ts";

/** Parts of a plan: each has the steps of a walk back, and a plan of very many would take long to prepare. */
const MOST_PARTS = 32;

type Options = Omit<ExplainOptions, "each">;

const SHIFTED =
  "this model turns queries and keys by the length of the whole text: rows are of the answer read as a whole, and differ from " +
  "explanations of a shorter text's next token";

/** What cannot be asked of a matrix, and why. */
const EXCLUDED: Partial<Record<keyof Options, string>> = {
  target: "each token of the continuation is a target",
  token: "each token of the continuation is explained",
  numLoops: "it explains the network as it is",
  ablate: "it explains the network as it is",
  positional: "a row has one number a token",
  layers: "a row is as long as the text, and has no parts",
  heads: "a row is as long as the text, and has no parts",
  neurons: "a row is as long as the text, and has no parts",
  pairs: "a row is as long as the text, and has no parts",
  experts: "a row is as long as the text, and has no parts",
  pixels: "a text has none",
  points: "a text has none",
  interactions: "they are of two texts",
};

/** Throws `InvalidOption` at what does not go together with `each`, called `call` in a message. @internal */
export function checkAnswerOptions(options: Options, call = "`each`"): void {
  for (const [name, why] of Object.entries(EXCLUDED)) {
    const value = options[name as keyof Options];
    if (value !== undefined && value !== false) {
      throw new RelpropError(
        "InvalidOption",
        `${call} excludes \`${name}\`: ${why}; leave it out, or explain one token`,
      );
    }
  }
  const list = (["method", "at", "contrast"] as const).find((name) => Array.isArray(options[name]));
  if (list) throw new RelpropError("InvalidOption", `${call} takes one \`${list}\`, not a list; call it for each`);
  if (typeof options.objective === "object") {
    const message = `${call} has the objectives logit, log-probability and softmax-contrast; others compare whole texts`;
    throw new RelpropError("InvalidOption", message);
  }
}

/** The matrix of a text of which the tokens from the `n`-th on are the answer. @internal */
export async function explainAnswer(
  engine: Engine,
  text: Encoded,
  n: number,
  options: Omit<AnswerOptions, "continuation" | "each">,
): Promise<AnswerMatrix> {
  const { at = "embeddings", groups, signal, onProgress } = options;
  const { name, composite } = method(options.method);
  const { task, labels, positions } = engine.architecture;
  const ids = text.tokens.slice(n).map(({ id }) => id);
  const weights: Float32Array[] = [];
  for (const target of ids) weights.push(...(await task.targetWeights(labels, { target, contrast: options.contrast })));
  // Nothing reads the last token.
  const fed: Encoded = { ...text, tokens: text.tokens.slice(0, -1), reads: ids.map((_, k) => n - 1 + k) };
  if (fed.tokens.length > positions) throw new Error(`${fed.tokens.length} tokens, the model has ${positions}`);
  const objectives = await gradients(engine, fed, weights, options);

  const rows: AnswerRow[] = [];
  const found: string[][] = [];
  const explained = (one: Explanation): void => {
    const k = rows.length;
    const { target, contrast, ledger } = one;
    const { objective, value } = objectives?.[k] ?? {};
    rows.push({
      token: n + k,
      target,
      ...(contrast && { contrast }),
      ...(objective !== undefined && { explained: { objective, value: value! } }),
      relevance: one.tokens.slice(0, n + k).map(({ relevance }) => relevance),
      ledger,
    });
    found.push(one.warnings);
  };
  if (ids.length) {
    await engine.inBatches([fed], signal, 1, async (_, t) => {
      const most = engine.most(t);
      for (let first = 0; first < ids.length; first += most * MOST_PARTS) {
        throwIfAborted(signal);
        const own = fed.reads!.slice(first, first + most * MOST_PARTS);
        const requests = objectives ? objectives.map(({ request }) => request) : weights;
        const some = {
          reads: own,
          requests: requests.slice(first, first + own.length),
          sizes: evenly(own.length, most),
        };
        for (const one of await run(engine, fed, t, { name, composite, at }, some, signal)) explained(one);
        onProgress?.({ rows: rows.length, of: ids.length });
      }
      return [undefined];
    });
  }
  const { model, backend } = engine.info;
  const shift = ids.some((_, k) => k && engine.architecture.changesKeys?.(n + k)) ? [SHIFTED] : [];
  const { tokens, messages } = text;
  const matrix: AnswerMatrix = {
    text: text.text,
    ...(messages && { messages }),
    ...{ model, method: name, composite, at, backend, tokens, promptTokens: n, rows },
    warnings: [...warningsOf(text.warnings, found, tokens.slice(n)), ...shift],
  };
  if (!groups) return matrix;
  const { answerGroups } = await import("./answer_groups.ts");
  return { ...matrix, groups: answerGroups(matrix, groups) };
}

type Way = ReturnType<typeof method> & Pick<AnswerMatrix, "at">;

/** One run: explanations of the rows that are read, in parts of these sizes. */
async function run(
  engine: Engine,
  fed: Encoded,
  t: number,
  { at, ...how }: Way,
  { reads, requests, sizes }: { reads: number[]; requests: Float32Array[]; sizes: number[] },
  signal?: AbortSignal,
): Promise<Explanation[]> {
  const starts = sizes.map((_, c) => sizes.slice(0, c).reduce((sum, size) => sum + size, 0));
  const probe: Probe<AnswerTrace> = {
    kind: `answer ${JSON.stringify(how.composite)} ${sizes}`,
    trace: (net) => answerTrace(net, how.composite, sizes),
    data: () =>
      Object.fromEntries(
        sizes.flatMap((size, c) => {
          const mine = reads.slice(starts[c], starts[c] + size).map((row) => ({ ...fed, reads: [row] }));
          const selection = rowSelection(mine, t, 1, engine.architecture);
          return [
            [`rows ${c}`, selection],
            [`request ${c}`, joined(requests.slice(starts[c], starts[c] + size))],
          ];
        }),
      ),
  };
  // How many rows a head reads by itself decides nothing here: one, so that lengths of answers share plans.
  const { trace, data } = await engine.run([{ ...fed, reads: reads.slice(0, 1) }], t, probe, signal);
  const request = { methods: [how], targetWeights: [], readingPoints: [at], layers: false, isList: false };
  const parts = await Promise.all(
    sizes.map((size, c) => {
      const prefix = `${c} `;
      const own = Object.entries(data).filter(([output]) => output.startsWith(prefix));
      const named = Object.fromEntries(own.map(([output, values]) => [output.slice(prefix.length), values]));
      const ran = { trace: trace.parts[c], data: named, texts: size, targets: 1 };
      return Promise.all(
        Array.from({ length: size }, async (_, i) => {
          const row = { ...fed, reads: [reads[starts[c] + i]] };
          const [[explanation]] = await explanations(row, engine.info, ran, i, request);
          return explanation;
        }),
      );
    }),
  );
  return parts.flat();
}

/** `n` in as few parts of at most `most` as it takes, the first ones a little larger. */
function evenly(n: number, most: number): number[] {
  const parts = Math.ceil(n / most);
  return Array.from({ length: parts }, (_, c) => Math.floor((n + parts - 1 - c) / parts));
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(rows.length * rows[0].length);
  for (const [i, row] of rows.entries()) all.set(row, i * row.length);
  return all;
}

/** Of other objectives than the logit: each row's value and request, from its own logits. */
async function gradients(
  engine: Engine,
  fed: Encoded,
  weights: readonly Float32Array[],
  { objective = "logit", signal }: Pick<AnswerOptions, "objective" | "signal">,
) {
  if (objective === "logit" || !weights.length) return undefined;
  checkContrasted(engine, objective, weights);
  const [logits] = await engine.predict([fed], signal);
  return weights.map((row, k) => {
    const mine = Array.from(part(logits, k, weights.length));
    const { value, gradient } = objectiveGradient(objective, mine, resolvedWeights(row, mine));
    const request = Float32Array.from([...gradient, 0]);
    if (request.some((weight) => weight)) return { objective: String(objective), value, request };
    const token = quote(engine.architecture.labels[row.indexOf(1)]);
    const message = `nothing is left to explain of ${token}: its ${objective} is 0 in all digits, and so is its gradient; explain the logit`;
    throw new RelpropError("InvalidOption", message);
  });
}

/** The text's warnings, then the rows': what is said of all rows once, else with the row's token. */
function warningsOf(ofText: readonly string[], rows: readonly string[][], answer: Encoded["tokens"]): string[] {
  const own = rows.map((row) => row.filter((warning) => !ofText.includes(warning)));
  const all = new Set(own[0]?.filter((warning) => own.every((row) => row.includes(warning))));
  const single = own.flatMap((row, k) =>
    row
      .filter((warning) => !all.has(warning))
      .map((warning) => `token ${k} of the answer, ${quote(answer[k].text)}: ${warning}`),
  );
  return [...ofText, ...all, ...single];
}
