import type { Model } from "../runtime/model.ts";
import type { ClassScore } from "../tasks/prediction.ts";

export interface Together {
  /** The classes of the text with these ids in place of its own. */
  predict(ids: readonly (readonly number[])[]): Promise<ClassScore[][]>;
  /** How many forward passes that took, and how many seconds. */
  cost: { forwardPasses: number; seconds: number };
}

/** Batches predictions about a text that are requested at the same time; each set of ids runs once. */
export function together(
  model: Model,
  text: string,
  known: Map<string, Promise<ClassScore[]>>,
  signal?: AbortSignal,
): Together {
  const cost = { forwardPasses: 0, seconds: 0 };
  let waiting: (readonly number[])[] = [];
  let next: Promise<ClassScore[][]> | undefined;

  async function run(): Promise<ClassScore[][]> {
    await undefined; // until all that runs now has asked
    const inputs = waiting.map((ids) => ({ text, ids }));
    waiting = [];
    next = undefined;
    const from = performance.now();
    const predictions = await model.predict(inputs, { signal });
    cost.forwardPasses += inputs.length;
    cost.seconds += (performance.now() - from) / 1000;
    return predictions.map(({ classes }) => classes);
  }

  function one(ids: readonly number[]): Promise<ClassScore[]> {
    const key = ids.join();
    const found = known.get(key);
    if (found) return found;
    const index = waiting.push(ids) - 1;
    next ??= run();
    const answer = next.then((all) => all[index]);
    known.set(key, answer);
    return answer;
  }

  return { cost, predict: (ids) => Promise.all(ids.map(one)) };
}
