import type { LensOptions } from "../diagnose/lens.ts";
import type { Input } from "../inputs/encoded.ts";
import { lensTable } from "../render/lens.ts";
import type { Model } from "../runtime/model.ts";
import { changes, tokenList } from "./diagnose.ts";
import { integer } from "./numbers.ts";
import type { Values } from "./options.ts";

/** What each layer would predict, as a table or as JSON. */
export async function lensed(model: Model, input: Input, values: Values, asked: object): Promise<string> {
  const { target, truncate } = asked as LensOptions;
  const lens = await model.lens(input, {
    ...changes(values),
    target,
    truncate,
    top: integer("top", values.top, 1),
    tokens: values.tokens === "all" ? "all" : tokenList(values),
  });
  return values.json ? `${JSON.stringify(lens, null, 2)}\n` : lensTable(lens);
}
