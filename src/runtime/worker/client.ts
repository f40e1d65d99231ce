// load(), here or in a worker.

import { crossing } from "../../checkpoint/sources/crossing.ts";
import type { Source } from "../../checkpoint/sources.ts";
import { checked } from "../../options/kinds.ts";
import { load as here } from "../load.ts";
import type { Model } from "../model.ts";
import { type LoadOptions, loadOptions } from "../options.ts";
import { early } from "./events.ts";

/**
 * Loads a Hugging Face checkpoint: config.json, tokenizer.json and model.safetensors or its shards. After a failure or an abort
 * nothing stays allocated.
 * @throws InvalidInput and InvalidOption; MissingFile, Fetch… and Integrity from the source; NotSafetensors, Config…, Tokenizer… and
 * others of the checkpoint; GpuUnavailable, WasmUnavailable and OutOfMemory of the runtime; Aborted.
 */
export async function load(source: Source, given: LoadOptions = {}): Promise<Model> {
  const { worker, ...options } = checked("load()", loadOptions, given);
  if (!worker) return here(source, options);
  const before = worker === true ? undefined : early(worker);
  try {
    const { elsewhere } = await import("./elsewhere.ts");
    return await elsewhere(await crossing(source), worker, options, before);
  } finally {
    before?.stop();
  }
}
