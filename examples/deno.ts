// deno add npm:relprop
// deno run --allow-read deno.ts "A gorgeous, witty, seductive movie."

import { ansi, load } from "relprop";

const text = Deno.args.join(" ");
if (!text) {
  console.error("which text?");
  Deno.exit(2);
}

// The model that comes with the package; a directory or a URL of your own goes just as well.
const folder = new URL(".", import.meta.resolve("relprop/models/sst2-tiny/config.json"));
await using model = await load(folder);
console.log(ansi(await model.explain(text), { color: Deno.noColor ? "none" : "truecolor" }));
