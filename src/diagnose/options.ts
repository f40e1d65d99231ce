// The options of diagnose() that are of one model alone.

import { type PredictOptions, predictOptions } from "../engine/options.ts";
import { className } from "../explain/options.ts";
import { either, flag, integer, list, type Options, oneOf } from "../options/kinds.ts";
import type { LensOptions } from "./lens.ts";

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

export const lensOptions = {
  ...predictOptions,
  tokens: either(oneOf("all"), list(integer(0), 1)),
  top: integer(1),
  target: className,
} satisfies Options<LensOptions>;
