// What a command line may say.

import { parseArgs } from "node:util";
import { Usage } from "./usage.ts";

const options = {
  model: { type: "string" },
  pair: { type: "string" },
  image: { type: "string" },
  token: { type: "string" },
  input: { type: "string" },
  loops: { type: "string" },
  "without-heads": { type: "string" },
  "without-neurons": { type: "string" },
  tokens: { type: "string" },
  weights: { type: "boolean" },
  since: { type: "string" },
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
  of: { type: "string" },
  layers: { type: "boolean" },
  groups: { type: "string" },
  heads: { type: "boolean" },
  neurons: { type: "string" },
  pairs: { type: "boolean" },
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
const changed = ["input", "loops", "without-heads", "without-neurons"];

/** Which options each command takes, beside --help. */
export const commands = new Map([
  [
    "explain",
    [
      "model",
      "pair",
      "image",
      ...changed,
      "backend",
      "method",
      "sample",
      "at",
      "target",
      "contrast",
      "composite",
      "of",
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
      "tokens",
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
      "pair",
      "image",
      ...changed,
      "tokens",
      "weights",
      "since",
      "target",
      "contrast",
      "truncate",
      "json",
      "format",
      "out",
    ],
  ],
  ["predict", ["model", "pair", "image", ...changed, "backend", "truncate", "json", "jsonl", "out"]],
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
