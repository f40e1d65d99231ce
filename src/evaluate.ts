// What the package exports as relprop/evaluate, nothing else: how faithful each method's explanations of a model are.

export type { Interval } from "./evaluate/bootstrap.ts";
export { chooseMethod, type MethodChoice } from "./evaluate/choose_method.ts";
export { evaluate } from "./evaluate/evaluate.ts";
export { type Columns, type Example, type ExampleFormat, readExamples } from "./evaluate/examples.ts";
export type { Journal } from "./evaluate/journal.ts";
export type { EvaluateOptions } from "./evaluate/options.ts";
export { plot } from "./evaluate/plot.ts";
export type { Protocol } from "./evaluate/protocol.ts";
export { protocols } from "./evaluate/protocols.ts";
export { randomized } from "./evaluate/randomized.ts";
export type { Evaluation, MethodScores } from "./evaluate/summary.ts";
export { table } from "./evaluate/table.ts";
