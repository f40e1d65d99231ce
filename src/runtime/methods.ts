// The options of a model's methods, by the method's name. Loaded when a method is called that pages do without.

import { type DiagnosisOptions, diagnosisOptions } from "../diagnose/options.ts";
import { predictOptions } from "../engine/options.ts";
import { explainOptions } from "../explain/options.ts";
import { generateOptions } from "../generate/options.ts";
import { having, type Options } from "../options/kinds.ts";
import type { Model } from "./model.ts";

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
};
