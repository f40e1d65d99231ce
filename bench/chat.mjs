// Where the relevance of a chat's answer lies: on the user's words, on the chat template's tokens, on the very first token, as
// shares of Σ|R|, over the 20 questions of test/corpus/chats.json: of the answer's first token, and of all of its first 12
// (the sum of their log-probabilities). Needs a checkpoint with a chat template, such as test/reference/fetch-real.sh's SmolLM2.
//
//   npm run bench -- chat --model FOLDER [--tokens 12]

import { readFileSync } from "node:fs";
import "../test/hook.mjs";
import { done, options, runtime, table } from "./harness.mjs";

const asked = options({ model: "", threads: "1", tokens: "12", backend: "wasm" });
if (!asked.model) throw new Error("--model is a checkpoint's folder");
const from = (path) => import(new URL(`../src/${path}`, import.meta.url).href);
const { load } = await from("runtime/load.ts");
const { methods: named } = await from("propagation/composites.ts");
const { interval } = await from("evaluate/bootstrap.ts");

const cpLRP = named.get("cp-lrp");
const methods = {
  "cp-lrp, gate uniform": { ...cpLRP, gate: "uniform" },
  "cp-lrp, gate values": { ...cpLRP, gate: "values" },
  "attn-lrp": "attn-lrp",
};
const chats = JSON.parse(readFileSync(new URL("../test/corpus/chats.json", import.meta.url), "utf8"));
const model = await load(asked.model, { backend: asked.backend, threads: Number(asked.threads) });

const found = {};
const words = [];
for (const content of chats) {
  const input = { messages: [{ role: "user", content }] };
  const { tokens: answer, text, promptLength } = await model.generate(input, { maxNewTokens: Number(asked.tokens) });
  const continuation = text.slice(promptLength);
  console.error(`${content} → ${JSON.stringify(continuation)}`);
  for (const [name, method] of Object.entries(methods)) {
    const first = await model.explain(input, { method });
    const whole = continuation ? await model.explain(input, { method, continuation }) : first;
    const asks = first.tokens.filter(({ special }) => !special).length;
    words.push(asks / first.tokens.length);
    for (const [what, { tokens }] of Object.entries({ "first token": first, answer: whole })) {
      const key = `${name} ${what}`;
      found[key] = [...(found[key] ?? []), shares(tokens, first.tokens.length)];
    }
  }
  if (!answer.length) console.error("no answer");
}
await model.dispose();

/** Of Σ|R|, what lies where: `asked` tokens are the prompt's, others are the answer's own. */
function shares(tokens, asked) {
  const sum = (wanted) => tokens.reduce((n, one, j) => n + (wanted(one, j) ? Math.abs(one.relevance) : 0), 0);
  const all = sum(() => true);
  return {
    "the user's words": sum(({ special }, j) => !special && j < asked) / all,
    "the first token": sum((_, j) => j === 0) / all,
    "the template's others": sum(({ special }, j) => special && j > 0 && j < asked) / all,
    "the answer so far": sum((_, j) => j >= asked) / all,
  };
}

const columns = Object.keys(Object.values(found)[0][0]);
const percent = ({ mean, low, high }) => [mean, low, high].map((v) => (100 * v).toFixed(0));
const cell = (values) => {
  const [mean, low, high] = percent(interval(values, 0));
  return `${mean} (${low}–${high})`;
};
const own = (100 * interval(words, 0).mean).toFixed(0);
console.log(`${chats.length} chats, ${runtime()}, ${asked.backend}: % of Σ|R|, means (95 % by bootstrap); the user's words are ${own} % of tokens\n`); // biome-ignore format: one line
const rows = Object.entries(found).map(([key, list]) => {
  const [, name, what] = /^(.*) (first token|answer)$/.exec(key);
  return [what, name, ...columns.map((column) => cell(list.map((one) => one[column])))];
});
console.log(
  table(
    ["explained", "method", ...columns],
    rows.sort(([a], [b]) => (a < b ? 1 : a > b ? -1 : 0)),
  ),
);
done();
