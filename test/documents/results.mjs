// Results of every call against their JSON Schemas: node results.mjs FOLDER PACKAGE; prints what the schemas do not allow.

import { readFileSync } from "node:fs";
import { give, rows } from "./given.mjs";
import { faults } from "./schema.mjs";

const [folder, from] = process.argv.slice(2);
await give(await import(`${from}/dist/index.js`), folder);
const { evaluate } = await import(`${from}/dist/evaluate.js`);
const { model, ner, qa, filler, gpt2, minilm, digits, looped, shapes, text, points, chat } = globalThis;

const pixels = { data: new Uint8Array(64).fill(99), width: 8, height: 8 };
const breakdowns = { layers: true, heads: true, neurons: 2, pairs: true, groups: "words" };
const examples = [
  { text, label: "positive" },
  { text: "not a bad movie", label: 0 },
];
const results = {
  Explanation: [
    await model.explain(text, { ...breakdowns, method: "attn-lrp", contrast: "negative" }),
    await model.explain({ text, pair: "a pair" }, { objective: "log-probability" }),
    await gpt2.explain("The movie was", { continuation: " a" }),
    await minilm.explain("a meal", { objective: { cosine: "a movie" }, interactions: true }),
    await digits.explain(pixels, { pixels: true }),
    await shapes.explain({ points }),
    await looped.explain({ rows }, { numLoops: 2 }),
  ],
  AnswerMatrix: [
    await gpt2.explain("The movie was", { continuation: " a small sea", each: true }),
    await gpt2.explain("The movie was", { continuation: " a sea", each: true, contrast: " the", groups: "words" }),
  ],
  Attribution: [
    await model.explain(text, { method: { name: "integrated-gradients", steps: 3 }, groups: "words" }),
    await model.explain(text, { method: "rollout" }),
  ],
  Prediction: await Promise.all(
    [
      [model, text],
      [ner, text],
      [qa, { text: "the sea?", pair: "the small sea" }],
      [filler, "the [MASK] is small"],
      [minilm, text],
      [digits, pixels],
      [chat, text],
    ].map(([one, input]) => one.predict(input)),
  ),
  Generation: [
    await gpt2.generate("The movie was", { maxNewTokens: 2, logprobs: 2 }),
    await gpt2.generate("The movie was", { maxNewTokens: 2, explain: { layers: true } }),
    await gpt2.generate("The movie was", { maxNewTokens: 2, explain: { each: true } }),
  ],
  Diagnosis: [await model.diagnose(text, { weights: true, tokens: [0], contrast: 0 })],
  Lens: [await gpt2.lens("The movie was", { tokens: "all" }), await filler.lens("the [MASK] is small")],
  Evaluation: [await evaluate(model, examples, { methods: ["cp-lrp", "random"] })],
};

const at = (name) => new URL(`../../docs/public/schema/${name.toLowerCase()}.json`, import.meta.url);
let checked = 0;
for (const [name, all] of Object.entries(results)) {
  const schema = JSON.parse(readFileSync(at(name), "utf8"));
  for (const [i, result] of all.entries()) {
    checked++;
    for (const fault of faults(schema, JSON.parse(JSON.stringify(result)))) console.log(`${name} ${i}: ${fault}`);
  }
}
if (checked < 20) console.log(`only ${checked} results`);
process.exit(0);
