// What a user writes, from the package as it is published.
import { html, load } from "relprop";

export async function explain(source, options) {
  const model = await load(source, options);
  const explanation = await model.explain("A gorgeous, witty, seductive movie.", { method: "attn-lrp" });
  await model.dispose();
  return { ...explanation, page: html(explanation).length };
}
