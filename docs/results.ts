// The results that schemas.mjs describes, by the names of their schemas.

import type { Evaluation } from "../dist/types/evaluate.d.ts";
import type {
  AnswerMatrix,
  Attribution,
  Diagnosis,
  Explanation,
  GeneratedToken,
  Generation,
  Lens,
  Prediction,
} from "../dist/types/index.d.ts";

export type ExplanationResult = Explanation;
export type AnswerMatrixResult = AnswerMatrix;
export type AttributionResult = Attribution;
export type PredictionResult = Prediction;
export type GenerationResult = Generation<GeneratedToken>;
export type DiagnosisResult = Diagnosis;
export type LensResult = Lens;
export type EvaluationResult = Evaluation;
