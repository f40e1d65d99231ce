// The options of diagnose() that are of one model alone.

import { type PredictOptions, predictOptions } from "../engine/options.ts";
import { className } from "../explain/options.ts";
import { flag, list, type Options, whole } from "../options/kinds.ts";

export interface DiagnosisOptions extends PredictOptions {
  /** Whose logit's gradient is told; as in explain(). */
  target?: string | number;
  contrast?: string | number;
  /** Tokens by their places: `mass` tells how much of each head's attention they get. */
  tokens?: readonly number[];
  /** Also the ranks of the network's matrices. */
  weights?: boolean;
}

export const diagnosisOptions = {
  ...predictOptions,
  target: className,
  contrast: className,
  tokens: list(whole(0)),
  weights: flag,
} satisfies Options<DiagnosisOptions>;
