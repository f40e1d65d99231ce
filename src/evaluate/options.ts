// The options of evaluate(), chooseMethod() and randomized().

import type { MethodName } from "../attribution/names.ts";
import type { Method } from "../attribution/options.ts";
import { type ReadOptions, readOptions } from "../checkpoint/options.ts";
import { single } from "../explain/options.ts";
import type { ReadingPoint } from "../models/family.ts";
import type { AbortSignal } from "../options/globals.ts";
import { callback, either, flag, having, integer, list, type Options, record, signal, text } from "../options/kinds.ts";
import type { Model } from "../runtime/model.ts";
import type { Journal } from "./journal.ts";
import type { OrderName, ProtocolName } from "./protocol.ts";

/** A method to judge; with a number of examples, by the first so many: `kernel-shap:200`. */
export type JudgedName = MethodName | `${MethodName}:${number}`;

/** Options of evaluate(). */
export interface EvaluateOptions {
  /** A protocol's name (default ali2022). */
  protocol?: ProtocolName;
  /**
   * Methods by name (default: all there are, the slowest by 200 examples); `name:n` judges one by the first n examples. Or
   * methods with options and composites under names of your own. Of the protocols pruning and ablation, orders of what is
   * cut out.
   */
  methods?: readonly (JudgedName | OrderName)[] | Readonly<Record<string, Method | JudgedName>>;
  /** Where relevance is read (default embeddings), by methods that propagate. */
  at?: ReadingPoint;
  /** Of random orders and of the bootstrap (default 0). */
  seed?: number;
  /** The method that others are compared with (default gradient-x-input, if it is among them). */
  baseline?: MethodName | (string & {});
  /** Cuts texts that are too long instead of rejecting them with `InputTooLong` (default as of `predict()`). */
  truncate?: boolean;
  /** For the protocol `sanity`: the same model with random weights, see `randomized()`. */
  randomized?: readonly Model[];
  /** Keeps what is done, and goes on from there. */
  journal?: Journal;
  /** Is called after each example. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Ends the call: it rejects with `Aborted`. */
  signal?: AbortSignal;
}

export type ChooseOptions<Name extends MethodName = MethodName> = Pick<
  EvaluateOptions,
  "protocol" | "at" | "seed" | "truncate" | "onProgress" | "signal"
> & {
  /** Methods by name (default: those that propagate). */
  methods?: readonly Name[];
};

export interface RandomizedOptions extends ReadOptions {
  /** Of the order that weights are put in (default 0). */
  seed?: number;
}

const seed = integer(-Number.MAX_SAFE_INTEGER);
const { at } = single;

export const evaluateOptions = {
  protocol: text,
  methods: either(list(text), record("methods by name", single.method)),
  at,
  seed,
  baseline: text,
  truncate: flag,
  randomized: list(having("a model from load() in this thread", "predict")),
  journal: having("a journal { read, append }", "read", "append"),
  onProgress: callback,
  signal,
} satisfies Options<EvaluateOptions>;

export const chooseOptions = {
  ...{ protocol: text, at, seed, truncate: flag, onProgress: callback, signal },
  methods: list(text),
} satisfies Options<ChooseOptions>;

export const randomizedOptions = { ...readOptions, seed } satisfies Options<RandomizedOptions>;
