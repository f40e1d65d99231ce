// The options of a model's methods, by the method's name, and those methods that look inside. Loaded when a method is called
// that pages do without.

import type { LensOptions } from "../diagnose/lens.ts";
import { type DiagnosisOptions, diagnosisOptions, lensOptions } from "../diagnose/options.ts";
import type { Engine } from "../engine/engine.ts";
import { predictOptions } from "../engine/options.ts";
import { explainOptions } from "../explain/options.ts";
import { generateOptions } from "../generate/options.ts";
import type { Input } from "../inputs/encoded.ts";
import { having, type Options } from "../options/kinds.ts";
import type { Model } from "./model.ts";

/** Options of diagnose(). */
export interface DiagnoseOptions extends DiagnosisOptions {
  /** Another model of the same shape: `weights` are what the matrices differ by. */
  compareTo?: Model;
}

const diagnoseOptions = {
  ...diagnosisOptions,
  compareTo: having("a model from load() in this thread", "predict"),
} satisfies Options<DiagnoseOptions>;

export const modelOptions = {
  tokenize: predictOptions,
  predict: predictOptions,
  explain: explainOptions,
  generate: generateOptions,
  diagnose: diagnoseOptions,
  lens: lensOptions,
};

/** Each input's diagnosis or lens; `compareTo` is the engine of the model of that option. @internal */
export const insides = {
  diagnose: async (engine: Engine, inputs: readonly Input[], options: DiagnosisOptions, compareTo?: Engine) =>
    (await import("../diagnose/diagnose.ts")).diagnose(engine, inputs, options, compareTo),
  lens: async (engine: Engine, inputs: readonly Input[], options: LensOptions) =>
    (await import("../diagnose/lens.ts")).lens(engine, inputs, options),
};
