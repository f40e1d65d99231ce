// What the package exports, nothing else.

export type { BackendOptions } from "./backends/choose.ts";
export type { WasmSource } from "./backends/module.ts";
export type { Timing } from "./backends/profile.ts";
export { type Choice, type Composite, methods } from "./composites.ts";
export type { BlockFacts, DiagnoseOptions, Diagnosis, StreamFacts, WeightFacts } from "./diagnose.ts";
export { type ErrorCode, RelpropError } from "./errors.ts";
export type {
  Attribution,
  ClassScore,
  CloudView,
  Explanation,
  GroupRelevance,
  HeadRelevance,
  ImageView,
  Interactions,
  LayerRelevance,
  Ledger,
  NeuronRelevance,
  Neurons,
  PairRelevance,
  PartsLedger,
  Prediction,
  ReadingPoint,
  TokenRelevance,
} from "./explanation.ts";
export type { Contents, Hub, Progress, Source } from "./files.ts";
export type { GeneratedToken, GenerateOptions, Generation } from "./generate.ts";
export type { Groups, NeuronsAsked, Span } from "./grain.ts";
export type { Image, Pixels } from "./images/picture.ts";
export type { Cloud, Input, Matrix } from "./inputs.ts";
export type { AttributeLists, AttributeOptions, AttributionMethod, AttributionName } from "./methods.ts";
export type { Model } from "./model.ts";
export type { ExplainLists, ExplainOptions, PredictOptions, Without } from "./question.ts";
export { ansi } from "./render/ansi.ts";
export { charts } from "./render/charts.ts";
export { html } from "./render/html.ts";
export { type PictureOptions, png } from "./render/overlay.ts";
export { svg } from "./render/svg.ts";
export type { Of } from "./targets.ts";
export type { Token } from "./tokenizer.ts";
export { type LoadOptions, load } from "./worker/client.ts";
export { serve } from "./worker/serve.ts";
export type { WorkerLike } from "./worker/spawn.ts";
