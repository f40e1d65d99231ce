// What the package exports, nothing else.

export type { Attribution } from "./attribution/attribution.ts";
export { type AttributionName, type MethodName, methodNames } from "./attribution/names.ts";
export type {
  AttributeLists,
  AttributeOptions,
  AttributionMethod,
  AttributionSettings,
  Method,
  MethodLists,
  MethodOptions,
} from "./attribution/options.ts";
export type { BackendOptions } from "./backends/options.ts";
export type { Timing } from "./backends/profile.ts";
export type { WasmSource } from "./backends/wasm/module.ts";
export type { Contents, Hub, Progress, Source } from "./checkpoint/sources.ts";
export type { BlockStatistics, Diagnosis, StreamStatistics, WeightStatistics } from "./diagnose/diagnosis.ts";
export type { Lens, LensLayer, LensOptions, LensPosition } from "./diagnose/lens.ts";
export type { Ablation, PredictOptions } from "./engine/options.ts";
export { type ErrorCode, RelpropError } from "./errors.ts";
export type { AnswerGroups, AnswerMatrix, AnswerPart, AnswerRow, AnswerSums } from "./explain/answer_matrix.ts";
export type {
  ExpertChoices,
  Explanation,
  GroupRelevance,
  HeadRelevance,
  Interactions,
  LayerRelevance,
  Ledger,
  NeuronRelevance,
  Neurons,
  PairRelevance,
  PartsLedger,
  TokenRelevance,
} from "./explain/explanation.ts";
export type {
  AnswerOptions,
  ExplainLists,
  ExplainOptions,
  Groups,
  NeuronRequest,
  Objective,
  Span,
} from "./explain/options.ts";
export type { ExplainedToken, GeneratedToken, Generation, Prompt, TokenProbability } from "./generate/generation.ts";
export type { GenerateOptions, GenerationMatrix } from "./generate/options.ts";
export type {
  Conversation,
  Input,
  Matrix,
  Message,
  MessageSpan,
  PointCloud,
  PointCloudView,
} from "./inputs/encoded.ts";
export type { ImageView } from "./inputs/images/patches.ts";
export type { Image, Pixels } from "./inputs/images/picture.ts";
export type { TemplateToken, TextToken, Token } from "./inputs/tokenizers/token.ts";
export type { ReadingPoint } from "./models/family.ts";
export {
  type Composite,
  methods,
  type PropagationMethod,
  type RuleChoice,
  type RuledOp,
} from "./propagation/composites.ts";
export { ansi } from "./render/ansi.ts";
export { charts } from "./render/charts.ts";
export { fragment, heatmapStyle, type Segment, segments } from "./render/fragment.ts";
export { html } from "./render/html.ts";
export type { By, FigureOptions, FragmentOptions, PageOptions, SegmentOptions, Theme } from "./render/options.ts";
export { png } from "./render/overlay.ts";
export { svg } from "./render/svg.ts";
export type { DiagnoseOptions } from "./runtime/methods.ts";
export type { Model } from "./runtime/model.ts";
export type { LoadOptions } from "./runtime/options.ts";
export { load } from "./runtime/worker/client.ts";
export { serve } from "./runtime/worker/serve.ts";
export type { WorkerLike } from "./runtime/worker/spawn.ts";
export type { ClassScore, Prediction } from "./tasks/prediction.ts";
