// What the examples are compared with.
import { ansi, load } from "relprop";

const model = await load(new URL("./node_modules/relprop/models/sst2-tiny/", import.meta.url));
const explanation = await model.explain(JSON.parse(process.argv[2]));
await model.dispose();
console.log(JSON.stringify({ explanation, ansi: ansi(explanation, { color: "none" }) }));
