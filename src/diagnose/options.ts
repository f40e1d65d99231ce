// The options of diagnose().

import { className, type PredictOptions, predictOptions } from "../explain/options.ts";
import { flag, having, list, type Options, whole } from "../options/kinds.ts";
import type { Model } from "../runtime/model.ts";

export interface DiagnoseOptions extends PredictOptions {
  /** Whose logit's gradient is told; as in explain(). */
  target?: string | number;
  contrast?: string | number;
  /** Tokens by their places: `mass` tells how much of each head's attention they get. */
  tokens?: readonly number[];
  /** Also the ranks of the network's matrices. */
  weights?: boolean;
  /** Another model of the same shape: `weights` are what the matrices differ by. */
  since?: Model;
}

export const diagnoseOptions = {
  ...predictOptions,
  target: className,
  contrast: className,
  tokens: list(whole(0)),
  weights: flag,
  since: having("a model that load() gave here", "predict"),
} satisfies Options<DiagnoseOptions>;
