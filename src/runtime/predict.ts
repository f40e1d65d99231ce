// The way of predict(): tokens, logits, and what the model's task makes of them.

import type { Engine } from "../engine/engine.ts";
import type { PredictOptions } from "../engine/options.ts";
import type { Input } from "../inputs/encoded.ts";
import type { Prediction } from "../tasks/prediction.ts";

/** Each input's prediction. */
export async function predict(
  engine: Engine,
  inputs: readonly Input[],
  options: PredictOptions,
): Promise<Prediction[]> {
  const { task } = engine.architecture;
  const encoded = await engine.encode(inputs, options);
  const read = await Promise.all(encoded.map((one) => task.predicted?.(engine, one) ?? one));
  const logits = await engine.predict(read, options.signal);
  const { model, backend } = engine.info;
  return Promise.all(
    read.map(async (one, i) => {
      const { text, warnings } = one;
      return { text, model, backend, ...(await task.prediction(engine, one, logits[i])), warnings };
    }),
  );
}
