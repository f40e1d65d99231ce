import type { PredictOptions, Without } from "../engine/options.ts";
import { quote } from "../errors.ts";
import type { Input } from "../inputs/encoded.ts";
import { charts, diagnosisTable } from "../render/charts.ts";
import { load } from "../runtime/load.ts";
import type { Model } from "../runtime/model.ts";
import type { DiagnoseOptions } from "../runtime/options.ts";
import { whole } from "./numbers.ts";
import type { Values } from "./options.ts";
import { Usage } from "./usage.ts";

/** How --loops and --without-… change the network. */
export function changes({ loops, ...values }: Values): Pick<PredictOptions, "loops" | "without"> {
  const parts = (name: "without-heads" | "without-neurons"): Without["heads"] =>
    values[name]?.split(",").map((pair) => {
      const [, block, index] = /^(\d{1,6})\.(\d{1,6})$/.exec(pair) ?? [];
      if (index === undefined) throw new Usage(`--${name} is BLOCK.PLACE, several with commas, not ${quote(pair)}`);
      return [Number(block), Number(index)];
    });
  const without = { heads: parts("without-heads"), neurons: parts("without-neurons") };
  return {
    ...(loops !== undefined && { loops: whole("loops", loops, 0) }),
    ...((without.heads ?? without.neurons) && { without }),
  };
}

/** What goes on inside, as a table, as JSON or as a figure. */
export async function diagnosed(model: Model, input: Input, values: Values, asked: object): Promise<string> {
  const { target, contrast, truncate } = asked as DiagnoseOptions;
  const format = values.json ? "json" : (values.format ?? "text");
  if (!["text", "json", "svg"].includes(format))
    throw new Usage(`diagnose has no format ${quote(format)}, only text, json, svg`);
  const odd = values.tokens?.split(",").find((place) => !/^\d{1,6}$/.test(place));
  if (odd !== undefined) throw new Usage(`--tokens are places in the text, with commas, not ${quote(odd)}`);
  const since = values.since === undefined ? undefined : await load(values.since, { backend: model.backend });
  try {
    const told = await model.diagnose(input, {
      ...changes(values),
      target,
      contrast,
      truncate,
      since,
      weights: values.weights || since !== undefined,
      tokens: values.tokens?.split(",").map(Number),
    });
    if (format === "json") return `${JSON.stringify(told, null, 2)}\n`;
    return format === "svg" ? charts(told) : diagnosisTable(told);
  } finally {
    await since?.dispose();
  }
}
