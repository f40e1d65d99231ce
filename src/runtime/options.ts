// The options of load(), and those of a model's methods by name.

import { type BackendOptions, backendOptions } from "../backends/options.ts";
import { type ReadOptions, readOptions } from "../checkpoint/options.ts";
import { type DiagnosisOptions, diagnosisOptions } from "../diagnose/options.ts";
import { predictOptions } from "../engine/options.ts";
import { explainOptions } from "../explain/options.ts";
import { generateOptions } from "../generate/options.ts";
import { either, flag, having, type Options, text } from "../options/kinds.ts";
import type { Model } from "./model.ts";
import type { WorkerLike } from "./worker/spawn.ts";

/** Of load() in this thread, and of serve(). */
export interface LocalOptions extends BackendOptions, ReadOptions {
  /**
   * Keeps matrices of F16 and BF16 as they are and widens each when it is used: half the memory, for a little time. By
   * default in checkpoints that have 64 MiB of such numbers or more. Results are the same bits.
   */
  keepHalfPrecision?: boolean;
  /** What results call the model; by default the last part of its path or URL. */
  name?: string;
}

export interface LoadOptions extends LocalOptions {
  /**
   * Runs the model in a worker, so that this thread stays free. `true`: in one of its own, which ends with the model. A
   * `Worker` whose file calls `serve()`: in that one, beside whatever else it does; it is not ended with the model.
   */
  worker?: boolean | WorkerLike;
}

export const localOptions = {
  ...readOptions,
  ...backendOptions,
  keepHalfPrecision: flag,
  name: text,
} satisfies Options<LocalOptions>;

export const loadOptions = {
  ...localOptions,
  worker: either(flag, having("a Worker", "postMessage")),
} satisfies Options<LoadOptions>;

export interface DiagnoseOptions extends DiagnosisOptions {
  /** Another model of the same shape: `weights` are what the matrices differ by. */
  compareTo?: Model;
}

const diagnoseOptions = {
  ...diagnosisOptions,
  compareTo: having("a model that load() gave here", "predict"),
} satisfies Options<DiagnoseOptions>;

export const modelOptions = {
  tokenize: predictOptions,
  predict: predictOptions,
  explain: explainOptions,
  generate: generateOptions,
  diagnose: diagnoseOptions,
};
