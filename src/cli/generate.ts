import type { Model } from "../model.ts";
import type { ExplainOptions } from "../question.ts";
import { visible } from "../render/text.ts";
import type { Values } from "./options.ts";
import { Usage } from "./usage.ts";

/** A text that goes on: the whole of it, or all that generate() tells. */
export async function generated(model: Model, text: string, values: Values, asked: object): Promise<string> {
  const number = (value: string | undefined) => (value === undefined ? undefined : Number(value));
  const { method, at, contrast } = asked as ExplainOptions;
  if (values.explain && !values.json) throw new Usage("--explain is told as JSON: add --json");
  const result = await model.generate(text, {
    maxTokens: number(values.tokens),
    temperature: number(values.temperature),
    topK: number(values["top-k"]),
    topP: number(values["top-p"]),
    seed: number(values.seed),
    explain: values.explain && { method, at, contrast },
  });
  return values.json ? `${JSON.stringify(result, null, 2)}\n` : `${visible(result.text, "\n")}\n`;
}
