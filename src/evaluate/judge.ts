// One text explained by every method, and every explanation judged.

import type { Attribution } from "../attribution/attribution.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ExplainOptions } from "../explain/options.ts";
import type { Input } from "../inputs/encoded.ts";
import type { Token } from "../inputs/tokenizers/token.ts";
import type { ReadingPoint } from "../models/family.ts";
import { isOther } from "../propagation/composites.ts";
import type { Model } from "../runtime/model.ts";
import type { ClassScore } from "../tasks/prediction.ts";
import type { Protocol, Scores } from "./protocol.ts";
import type { MethodRun, Row } from "./summary.ts";
import { together } from "./together.ts";

const TIMED = 32; // texts that are also run alone, to measure the speedup of batches

export interface Case {
  text: string;
  tokens: Token[];
  /** The label's class, where the protocol asks for it. */
  target?: number;
}

interface Judging {
  judged: readonly MethodRun[];
  at: ReadingPoint;
  randomized: readonly Model[];
  signal?: AbortSignal;
}

/** One text explained by every method, and every explanation judged. */
export async function judge(
  model: Model,
  { text, tokens, target }: Case,
  i: number,
  how: Protocol,
  asked: Judging,
): Promise<Row> {
  const { at, randomized, signal } = asked;
  const started = performance.now();
  const [{ classes: whole }] = await model.predict([text], { signal });
  const alone = i < TIMED ? await seconds(() => model.predict([text], { signal })) : undefined;
  const explained = target ?? whole.reduce((best, { logit }, c) => (logit > whole[best].logit ? c : best), 0);
  const known = new Map([[tokens.map(({ id }) => id).join(), Promise.resolve<ClassScore[]>(whole)]]);
  const { predict, cost } = together(model, text, known, signal);

  const trials = [];
  for (const { name, method, limit } of asked.judged) {
    if (i >= limit) continue;
    const own = { forwardPasses: 0, seconds: 0 };
    const explain = async (of: Input, by = model): Promise<Explanation | Attribution> => {
      const from = performance.now();
      const read = isOther(method) ? {} : { at }; // the others are read where they are defined
      const options = { method, target: explained, signal, ...read } as ExplainOptions;
      const [explanation] = (await by.explain([of], options)) as (Explanation | Attribution)[];
      own.forwardPasses += "forwardPasses" in explanation ? explanation.forwardPasses : 1;
      own.seconds += (performance.now() - from) / 1000;
      return explanation;
    };
    const relevance = (await explain(text)).tokens.map(({ relevance }) => relevance);
    trials.push({ name, relevance, own: { ...own }, explain });
  }
  const ids = { ...model.specialIds, unk: model.specialIds.unk ?? -1 }; // without one: a vector of zeros
  const common = { text, tokens, target: explained, predicted: whole, ids, predict, randomized };
  const scores: [string, Scores & { forwardPasses: number; seconds: number }][] = await Promise.all(
    trials.map(async ({ name, relevance, own, explain }) => {
      const { values, curves } = await how.score({ ...common, relevance, explain });
      return [name, { values, curves, ...own }];
    }),
  );
  const all = (performance.now() - started) / 1000;
  return { i, methods: Object.fromEntries(scores), cost: { ...cost, alone, all } };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}
