import type { ExplainOptions } from "../explain/options.ts";
import type { Prompt } from "../generate/generation.ts";
import { type GenerateOptions, generateOptions } from "../generate/options.ts";
import type { Conversation } from "../inputs/encoded.ts";
import { checked } from "../options/kinds.ts";
import { visible } from "../render/text.ts";
import type { Model } from "../runtime/model.ts";
import { alone, jsonFile, parsed } from "./methods.ts";
import { decimal, integer } from "./numbers.ts";
import type { Values } from "./options.ts";
import { whole } from "./read.ts";
import { Usage } from "./usage.ts";

/** The conversation of --messages: JSON, a file of it, or standard input for "-". */
export async function conversation(given: string): Promise<Conversation> {
  const text = /^\s*[[{]/.test(given);
  const read = text
    ? parsed(given, "`--messages`")
    : given === "-"
      ? parsed(new TextDecoder().decode(await whole(process.stdin)), "standard input")
      : await jsonFile(given);
  return (Array.isArray(read) ? { messages: read } : read) as Conversation;
}

/** The options of generate() that do not need the model; throws `Usage` at options that would change nothing. */
export function drawing(values: Values): Omit<GenerateOptions, "explain" | "signal" | "onProgress"> {
  if (values.explain && !values.json) throw new Usage("`--explain` needs `--json`");
  const unused = (["method", "composite", "at", "contrast"] as const).find((name) => values[name] !== undefined);
  if (unused && !values.explain) throw new Usage(`\`--${unused}\` needs \`--explain\``);
  if (values.logprobs !== undefined && !values.json) throw new Usage("`--logprobs` needs `--json`");
  const temperature = decimal("temperature", values.temperature);
  const drawn = (["top-k", "top-p", "min-p", "seed"] as const).find((name) => values[name] !== undefined);
  if (drawn && !temperature) throw new Usage(`\`--${drawn}\` needs sampling: set \`--temperature\` above 0`);
  return checked("generate()", generateOptions, {
    stop: alone(values.stop),
    repetitionPenalty: decimal("repetition-penalty", values["repetition-penalty"]),
    logprobs: integer("logprobs", values.logprobs, 0),
    minP: decimal("min-p", values["min-p"]),
    maxNewTokens: integer("max-new-tokens", values["max-new-tokens"], 0),
    temperature,
    topK: integer("top-k", values["top-k"], 1),
    topP: decimal("top-p", values["top-p"]),
    seed: integer("seed", values.seed, 0),
  });
}

/** The generated text, of a conversation its answer alone, or with --json the result of generate(). */
export async function generated(model: Model, prompt: Prompt, values: Values, asked: object): Promise<string> {
  const { method, at, contrast } = asked as ExplainOptions;
  const result = await model.generate(prompt, {
    ...drawing(values),
    explain: values.explain && { method, at, contrast },
  });
  if (values.json) return `${JSON.stringify(result, null, 2)}\n`;
  const text = typeof prompt === "string" ? result.text : result.text.slice(result.promptLength);
  return `${visible(text, "\n")}\n`;
}
