import type { ExplainOptions } from "../explain/options.ts";
import type { GenerateOptions } from "../generate/options.ts";
import { visible } from "../render/text.ts";
import type { Model } from "../runtime/model.ts";
import { decimal, integer } from "./numbers.ts";
import type { Values } from "./options.ts";
import { Usage } from "./usage.ts";

/** How tokens are drawn; throws `Usage` at options that would change nothing. */
export function drawing(
  values: Values,
): Pick<GenerateOptions, "maxNewTokens" | "temperature" | "topK" | "topP" | "seed"> {
  if (values.explain && !values.json) throw new Usage("`--explain` needs `--json`");
  const unused = (["method", "composite", "at", "contrast"] as const).find((name) => values[name] !== undefined);
  if (unused && !values.explain) throw new Usage(`\`--${unused}\` needs \`--explain\``);
  const temperature = decimal("temperature", values.temperature);
  const drawn = (["top-k", "top-p", "seed"] as const).find((name) => values[name] !== undefined);
  if (drawn && !temperature) throw new Usage(`\`--${drawn}\` needs sampling: set \`--temperature\` above 0`);
  return {
    maxNewTokens: integer("max-new-tokens", values["max-new-tokens"], 0),
    temperature,
    topK: integer("top-k", values["top-k"], 1),
    topP: decimal("top-p", values["top-p"]),
    seed: integer("seed", values.seed, 0),
  };
}

/** The generated text, or with --json the result of generate(). */
export async function generated(model: Model, text: string, values: Values, asked: object): Promise<string> {
  const { method, at, contrast } = asked as ExplainOptions;
  const result = await model.generate(text, {
    ...drawing(values),
    explain: values.explain && { method, at, contrast },
  });
  return values.json ? `${JSON.stringify(result, null, 2)}\n` : `${visible(result.text, "\n")}\n`;
}
