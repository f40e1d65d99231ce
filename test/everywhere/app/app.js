// What a user writes, from the package as it is published.
import { html, load } from "relprop";
import packaged from "relprop/models/sst2-tiny";

/** Explains by the model that comes with the package, or by that of another source. */
export async function explain(source = packaged, options = {}) {
  const model = await load(source, options);
  const explanation = await model.explain("A gorgeous, witty, seductive movie.", { method: "attn-lrp" });
  await model.dispose();
  return { ...explanation, page: html(explanation).length };
}
