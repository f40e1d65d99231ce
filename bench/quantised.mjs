// What quantised weights do to explanations: those of a model in int8 and int4 beside those of its own weights, of a classifier
// on labelled texts and, with --decoder, of a language model on the same texts' beginnings.
//
//   npm run bench -- quantised --data dev.tsv [--model DIR] [--limit 200] [--decoder DIR] [--prompts 24]

import { readFileSync } from "node:fs";
import { evaluate, readExamples } from "../dist/evaluate.js";
import { load } from "../dist/index.js";
import { list, options, table } from "./harness.mjs";

const asked = options({
  data: "",
  model: "models/sst2-tiny",
  limit: "200",
  decoder: "",
  prompts: "24",
  methods: "cp-lrp,attn-lrp,gradient-x-input",
});
const methods = list(asked.methods);
const examples = readExamples(readFileSync(asked.data, "utf8"), "tsv");
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Ranks, ties at their mean. */
function ranks(values) {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const found = Array(values.length);
  for (let i = 0; i < order.length; ) {
    let end = i;
    while (end < order.length && values[order[end]] === values[order[i]]) end++;
    for (let k = i; k < end; k++) found[order[k]] = (i + end - 1) / 2;
    i = end;
  }
  return found;
}

/** Spearman's rank correlation. */
function spearman(a, b) {
  const [x, y] = [ranks(a), ranks(b)];
  const [mx, my] = [mean(x), mean(y)];
  const product = (u, v, mu, mv) => u.reduce((sum, value, i) => sum + (value - mu) * (v[i] - mv), 0);
  return product(x, y, mx, my) / Math.sqrt(product(x, x, mx, mx) * product(y, y, my, my));
}

/** Which share of the five most relevant tokens is the same. */
function overlap(a, b) {
  const top = (values) => [...values.keys()].sort((i, j) => values[j] - values[i]).slice(0, 5);
  const other = new Set(top(b));
  return mean(top(a).map((i) => Number(other.has(i))));
}

/** Each text's relevance by method, for the class that `targets` has or, where it has none, the likeliest one. */
async function explained(model, texts, targets) {
  const found = [];
  for (const [i, text] of texts.entries()) {
    const results = await model.explain(text, {
      method: methods,
      ...(targets && { target: targets[i] }),
      truncate: true,
    });
    const own = results.map(({ tokens }) => tokens.filter(({ special }) => !special).map(({ relevance }) => relevance));
    const [{ classes, target }] = results;
    const top = [...classes].sort((a, b) => b.logit - a.logit)[0].index;
    found.push({ own, top, target: target.index });
  }
  return found;
}

async function compare(source, texts, judge) {
  const rows = [];
  let plain;
  for (const quantize of [undefined, "int8", "int4"]) {
    const model = await load(source, { backend: "wasm", quantize });
    const found = await explained(
      model,
      texts,
      plain?.map(({ target }) => target),
    );
    plain ??= found;
    const scores = judge && (await judge(model));
    methods.forEach((method, m) => {
      const pairs = found.map(({ own }, i) => [plain[i].own[m], own[m]]).filter(([a]) => a.length > 1);
      rows.push([
        quantize ?? "as stored",
        method,
        `${(100 * mean(found.map(({ top }, i) => Number(top === plain[i].top)))).toFixed(1)} %`,
        quantize ? mean(pairs.map(([a, b]) => spearman(a, b)).filter(Number.isFinite)).toFixed(3) : "",
        quantize ? mean(pairs.map(([a, b]) => overlap(a, b))).toFixed(3) : "",
        ...(scores ? [scores[method].toFixed(3)] : []),
      ]);
    });
    await model.dispose();
  }
  const head = [
    "weights",
    "method",
    "same prediction",
    "rank correlation",
    "top-5 overlap",
    ...(judge ? ["AUAC"] : []),
  ];
  console.log(table(head, rows));
}

const some = examples.slice(0, Number(asked.limit));
console.log(`${asked.model.split("/").at(-1)}, ${some.length} texts\n`);
await compare(
  asked.model,
  some.map(({ text }) => text),
  async (model) => {
    const { methods: judged } = await evaluate(model, some, { methods, truncate: true });
    return Object.fromEntries(methods.map((name) => [name, judged[name].auac.mean]));
  },
);
if (asked.decoder) {
  const texts = examples.filter(({ text }) => text.split(" ").length >= 12).slice(0, Number(asked.prompts));
  console.log(`\n${asked.decoder.split("/").at(-1)}, the next token of ${texts.length} texts\n`);
  await compare(
    asked.decoder,
    texts.map(({ text }) => text.split(" ").slice(0, 24).join(" ")),
  );
}
