// bun add relprop
// bun bun.ts "A gorgeous, witty, seductive movie."

import { ansi, load } from "relprop";

const text = Bun.argv.slice(2).join(" ");
if (!text) {
  console.error("which text?");
  process.exit(2);
}

// The model that comes with the package; a directory or a URL of your own goes just as well.
const folder = new URL(".", import.meta.resolve("relprop/models/sst2-tiny/config.json"));
await using model = await load(folder);
console.log(ansi(await model.explain(text), { color: process.env.NO_COLOR ? "none" : "truecolor" }));
