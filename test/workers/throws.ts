// Serves, and throws where nobody catches when a prediction of "crash" is asked for.
import { Model } from "../../src/runtime/model.ts";
import { serve } from "../../src/runtime/worker/serve.ts";

const { predict } = Model.prototype;
Model.prototype.predict = function (this: Model, text: unknown) {
  if (text !== "crash") return predict.call(this, text as string[]);
  setTimeout(() => {
    throw new Error("on purpose");
  });
  return new Promise(() => {});
} as unknown as typeof predict;
serve();
