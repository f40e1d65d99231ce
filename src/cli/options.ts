// What a command line may say.

import { parseArgs } from "node:util";
import { nearest } from "../options/kinds.ts";
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
  top: { type: "string" },
  weights: { type: "boolean" },
  "compare-to": { type: "string" },
  continuation: { type: "string" },
  each: { type: "boolean" },
  cosine: { type: "string" },
  dot: { type: "string" },
  interactions: { type: "boolean" },
  pixels: { type: "boolean" },
  explain: { type: "boolean" },
  messages: { type: "string" },
  stop: { type: "string", multiple: true },
  "repetition-penalty": { type: "string" },
  "min-p": { type: "string" },
  logprobs: { type: "string" },
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
  positional: { type: "boolean" },
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
  by: { type: "string" },
  offline: { type: "boolean" },
  column: { type: "string" },
  label: { type: "string" },
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
  to: { type: "string" },
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
      "offline",
      "method",
      "sample",
      "at",
      "target",
      "contrast",
      "composite",
      "objective",
      "token",
      "continuation",
      "each",
      "cosine",
      "dot",
      "interactions",
      "pixels",
      "positional",
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
      "by",
      "data",
      "column",
      "label",
      "limit",
      "out",
    ],
  ],
  [
    "generate",
    [
      "model",
      "backend",
      "offline",
      "messages",
      "max-new-tokens",
      "stop",
      "repetition-penalty",
      "logprobs",
      "temperature",
      "top-k",
      "top-p",
      "min-p",
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
      "offline",
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
  ["lens", ["model", "backend", "offline", ...changed, "tokens", "top", "target", "truncate", "json", "out"]],
  ["predict", ["model", ...changed, "backend", "offline", "truncate", "json", "jsonl", "out"]],
  ["inspect", ["model", "backend", "offline", "json", "out"]],
  ["quantize", ["to"]],
  ["completion", []],
  [
    "evaluate",
    [
      "model",
      "backend",
      "offline",
      "data",
      "column",
      "label",
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

/** What a command line says. Throws `Usage`, with the nearest name for an option that there is not. */
export function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const { message } = error as Error;
    const [, name] = /^Unknown option '(-\S*?)'/.exec(message) ?? [];
    if (name === undefined) throw new Usage(message);
    const own = args.map((arg) => commands.get(arg)).find((found) => found) ?? Object.keys(options);
    throw new Usage(
      `there is no option \`${name}\`${meant(
        name,
        own.map((option) => `--${option}`),
      )}`,
    );
  }
}

/** What may be meant by a name that is misspelt, as the end of a sentence. */
export function meant(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? "" : `; did you mean \`${near}\`?`;
}
