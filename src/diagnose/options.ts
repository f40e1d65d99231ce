// The options of diagnose() that are of one model alone.

import { type PredictOptions, predictOptions } from "../engine/options.ts";
import { className } from "../explain/options.ts";
import { flag, integer, list, type Options } from "../options/kinds.ts";

export interface DiagnosisOptions extends PredictOptions {
  /** The class of the logit for which gradients are computed; as in explain(). */
  target?: string | number;
  contrast?: string | number;
  /** Indices of tokens: `mass` is each head's mean attention to them. */
  tokens?: readonly number[];
  /** Also the ranks of the network's matrices. */
  weights?: boolean;
}

export const diagnosisOptions = {
  ...predictOptions,
  target: className,
  contrast: className,
  tokens: list(integer(0)),
  weights: flag,
} satisfies Options<DiagnosisOptions>;
