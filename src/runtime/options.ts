// The options of load().

import { type BackendOptions, backendOptions } from "../backends/options.ts";
import { type ReadOptions, readOptions } from "../checkpoint/options.ts";
import { callback, either, flag, having, type Options, oneOf, text } from "../options/kinds.ts";
import type { WorkerLike } from "./worker/spawn.ts";

/** Of load() in this thread, and of serve(). */
export interface LocalOptions extends BackendOptions, ReadOptions {
  /**
   * Keeps matrices of F16 and BF16 as they are; kernels widen what they read of them: half the memory, for a little time. By
   * default in checkpoints that have 64 MiB of such numbers or more. Results are the same bits.
   */
  keepHalfPrecision?: boolean;
  /**
   * Quantises matrices as they are loaded: whole numbers of 8 or 4 bits with a scale for each 32 of a row; words' vectors have 8.
   * What is explained is the network with these weights, that of `relprop quantize`. Of a checkpoint of floats.
   */
  quantize?: "int8" | "int4";
  /** `() => import("@huggingface/jinja")`, which renders chat templates, in a page, where a bundler must find it. */
  jinja?: () => unknown;
  /** The model's name in results; default: the last part of its path or URL. */
  name?: string;
}

/** Options of load(): the backend, the download, the worker. Each has a default. */
export interface LoadOptions extends LocalOptions {
  /**
   * Runs the model in a worker, so that this thread stays free. `true`: in one of its own, which ends with the model. A
   * `Worker` with a file that calls `serve()`: in that one, which may do other work too and is not ended with the model. Default false.
   */
  worker?: boolean | WorkerLike;
}

export const localOptions = {
  ...readOptions,
  ...backendOptions,
  keepHalfPrecision: flag,
  quantize: oneOf("int8", "int4"),
  jinja: callback,
  name: text,
} satisfies Options<LocalOptions>;

export const loadOptions = {
  ...localOptions,
  worker: either(flag, having("a Worker", "postMessage")),
} satisfies Options<LoadOptions>;
