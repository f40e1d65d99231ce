// load(), here or in a worker.

import { crossing, type Source } from "../../checkpoint/sources.ts";
import { load as fields } from "../../options/calls.ts";
import { checked } from "../../options/kinds.ts";
import { type LoadOptions as Here, load as here } from "../load.ts";
import type { Model } from "../model.ts";
import type { WorkerLike } from "./spawn.ts";

export interface LoadOptions extends Here {
  /**
   * Runs the model in a worker, so that this thread stays free. `true`: in one of its own, which ends with the model. A
   * `Worker` whose file calls `serve()`: in that one, beside whatever else it does; it is not ended with the model.
   */
  worker?: boolean | WorkerLike;
}

/**
 * Loads a Hugging Face checkpoint: config.json, tokenizer.json and model.safetensors or its shards. Rejects with a
 * RelpropError; after a failure or an abort nothing stays allocated.
 */
export async function load(source: Source, given: LoadOptions = {}): Promise<Model> {
  const { worker, ...options } = checked("load()", fields, given);
  if (!worker) return here(source, options);
  const { elsewhere } = await import("./elsewhere.ts");
  return elsewhere(crossing(source), worker, options);
}
