import type { Ablation, PredictOptions } from "../engine/options.ts";
import { quote } from "../errors.ts";
import type { Input } from "../inputs/encoded.ts";
import { charts, diagnosisTable } from "../render/charts.ts";
import { load } from "../runtime/load.ts";
import type { DiagnoseOptions } from "../runtime/methods.ts";
import type { Model } from "../runtime/model.ts";
import { integer } from "./numbers.ts";
import type { Values } from "./options.ts";
import { Usage } from "./usage.ts";

/** How --num-loops and --ablate-… change the network. */
export function changes({ "num-loops": loops, ...values }: Values): Pick<PredictOptions, "numLoops" | "ablate"> {
  const parts = (name: "ablate-heads" | "ablate-neurons"): Ablation["heads"] =>
    values[name]?.split(",").map((pair) => {
      const [, block, index] = /^(\d{1,6})\.(\d{1,6})$/.exec(pair) ?? [];
      if (index === undefined)
        throw new Usage(`\`--${name}\` is a list of BLOCK.INDEX separated by commas, not ${quote(pair)}`);
      return [Number(block), Number(index)];
    });
  const ablate = { heads: parts("ablate-heads"), neurons: parts("ablate-neurons") };
  return {
    ...(loops !== undefined && { numLoops: integer("num-loops", loops, 0) }),
    ...((ablate.heads ?? ablate.neurons) && { ablate }),
  };
}

/** --tokens: indices separated by commas. */
export function tokenList({ tokens }: Values): number[] | undefined {
  const odd = tokens?.split(",").find((place) => !/^\d{1,6}$/.test(place));
  if (odd === undefined) return tokens?.split(",").map(Number);
  throw new Usage(`\`--tokens\` is a list of token indices separated by commas, not ${quote(odd)}`);
}

/** What goes on inside, as a table, as JSON or as a figure. */
export async function diagnosed(model: Model, input: Input, values: Values, asked: object): Promise<string> {
  const { target, contrast, truncate } = asked as DiagnoseOptions;
  const format = values.json ? "json" : (values.format ?? "text");
  if (!["text", "json", "svg"].includes(format))
    throw new Usage(`diagnose has no format ${quote(format)}, only text, json, svg`);
  const tokens = tokenList(values);
  const compareTo =
    values["compare-to"] === undefined ? undefined : await load(values["compare-to"], { backend: model.backend });
  try {
    const diagnosis = await model.diagnose(input, {
      ...changes(values),
      target,
      contrast,
      truncate,
      compareTo,
      weights: values.weights || compareTo !== undefined,
      tokens,
    });
    if (format === "json") return `${JSON.stringify(diagnosis, null, 2)}\n`;
    return format === "svg" ? charts(diagnosis) : diagnosisTable(diagnosis);
  } finally {
    await compareTo?.dispose();
  }
}
