// What a command line may say.

import { parseArgs } from "node:util";
import { Usage } from "./usage.ts";

const options = {
  model: { type: "string" },
  pair: { type: "string" },
  image: { type: "string" },
  token: { type: "string" },
  input: { type: "string" },
  "num-loops": { type: "string" },
  "ablate-heads": { type: "string" },
  "ablate-neurons": { type: "string" },
  "max-new-tokens": { type: "string" },
  tokens: { type: "string" },
  weights: { type: "boolean" },
  "compare-to": { type: "string" },
  continuation: { type: "string" },
  cosine: { type: "string" },
  dot: { type: "string" },
  interactions: { type: "boolean" },
  pixels: { type: "boolean" },
  explain: { type: "boolean" },
  temperature: { type: "string" },
  "top-k": { type: "string" },
  "top-p": { type: "string" },
  backend: { type: "string" },
  method: { type: "string" },
  at: { type: "string" },
  target: { type: "string", multiple: true },
  contrast: { type: "string", multiple: true },
  composite: { type: "string" },
  objective: { type: "string" },
  layers: { type: "boolean" },
  groups: { type: "string" },
  heads: { type: "boolean" },
  neurons: { type: "string" },
  pairs: { type: "boolean" },
  experts: { type: "boolean" },
  truncate: { type: "boolean" },
  json: { type: "boolean" },
  jsonl: { type: "boolean" },
  format: { type: "string" },
  out: { type: "string" },
  sample: { type: "string" },
  data: { type: "string" },
  protocol: { type: "string" },
  methods: { type: "string" },
  baseline: { type: "string" },
  limit: { type: "string" },
  seed: { type: "string" },
  journal: { type: "string" },
  plot: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

/** What is read in place of a text, and how the network is another than its checkpoint says. */
const changed = ["pair", "image", "input", "num-loops", "ablate-heads", "ablate-neurons"] as const;

type Option = keyof typeof options;

/** The options of each command; all have --help. */
export const commands: ReadonlyMap<string, readonly string[]> = new Map<string, Option[]>([
  [
    "explain",
    [
      "model",
      ...changed,
      "backend",
      "method",
      "sample",
      "at",
      "target",
      "contrast",
      "composite",
      "objective",
      "token",
      "continuation",
      "cosine",
      "dot",
      "interactions",
      "pixels",
      "layers",
      "groups",
      "heads",
      "neurons",
      "pairs",
      "experts",
      "truncate",
      "json",
      "jsonl",
      "format",
      "out",
    ],
  ],
  [
    "generate",
    [
      "model",
      "backend",
      "max-new-tokens",
      "temperature",
      "top-k",
      "top-p",
      "seed",
      "explain",
      "method",
      "contrast",
      "at",
      "composite",
      "json",
      "out",
    ],
  ],
  [
    "diagnose",
    [
      "model",
      "backend",
      ...changed,
      "tokens",
      "weights",
      "compare-to",
      "target",
      "contrast",
      "truncate",
      "json",
      "format",
      "out",
    ],
  ],
  ["predict", ["model", ...changed, "backend", "truncate", "json", "jsonl", "out"]],
  ["inspect", ["model", "backend", "json", "out"]],
  [
    "evaluate",
    [
      "model",
      "backend",
      "data",
      "protocol",
      "methods",
      "baseline",
      "at",
      "limit",
      "seed",
      "journal",
      "plot",
      "truncate",
      "json",
      "out",
    ],
  ],
]);

export type Values = ReturnType<typeof parse>["values"];

export function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new Usage((error as Error).message);
  }
}
