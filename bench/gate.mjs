// Which rule for the gate of a gated feed-forward layer: relevance of a real decoder's next token beside what its logit loses
// without each token, and how soon it falls where tokens are taken by relevance, over 120 prompts of four kinds
// (test/corpus/prompts.json). Needs a checkpoint, such as test/reference/fetch-real.sh's SmolLM2.
//
//   npm run bench -- gate --model FOLDER [--journal FILE] [--from 0] [--most 1000]
//
// A prompt is a line of the journal, so that a run that was ended goes on; tokens are zeroed (their word vectors) or left out
// (the others move up). `token` is what the model predicts.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import "../test/hook.mjs";
import { done, options, runtime, table } from "./harness.mjs";

const asked = options({ model: "", journal: "", threads: "1", from: "0", most: "1000", backend: "wasm" });
if (!asked.model) throw new Error("--model is a checkpoint's folder");
const from = (path) => import(new URL(`../src/${path}`, import.meta.url).href);
const { read } = await from("runtime/load.ts");
const { Model } = await from("runtime/model.ts");
const { Engine } = await from("engine/engine.ts");
const { methods: named } = await from("propagation/composites.ts");
const { interval } = await from("evaluate/bootstrap.ts");
const { spearman } = await from("evaluate/ranks.ts");
const { area, leastFirst, logit, mostFirst, perturbation, probability } = await from("evaluate/perturbation.ts");

const cpLRP = named.get("cp-lrp");
const methods = {
  "cp-lrp, gate uniform": { ...cpLRP, gate: "uniform" },
  "cp-lrp, gate values": { ...cpLRP, gate: "values" },
  "attn-lrp": "attn-lrp",
  "attn-lrp, gate values": { ...named.get("attn-lrp"), gate: "values" },
  "gradient-x-input": "gradient-x-input",
};

const [ZEROED, LEFT_OUT] = [-1, -2]; // in place of an id
const most = { order: mostFirst, taken: "replaced", value: logit };
const least = { order: leastFirst, taken: "replaced", value: logit };
const activation = { order: mostFirst, taken: "shown", value: probability };
/** As Achtibat et al. do it, by zeroed word vectors, and by leaving tokens out, in steps of a fifth; of no token there is no text. */
const deletions = [
  { by: ZEROED, fractions: [0, 0.2, 0.4, 0.6, 0.8, 1], curves: { most, least, activation } },
  { by: LEFT_OUT, fractions: [0, 0.2, 0.4, 0.6, 0.8], curves: { most, least } },
].map(({ by, fractions, curves }) => {
  const values = (drawn) => {
    const areas = Object.fromEntries(Object.entries(drawn).map(([name, curve]) => [name, area(curve, fractions)]));
    const how = by === ZEROED ? "zeroed" : "left out";
    const between = { [`least − most, ${how}`]: areas.least - areas.most };
    return by === ZEROED ? { ...between, AUAC: areas.activation } : between;
  };
  return perturbation({ by: () => by, fractions, curves, values, special: true });
});

const journal = asked.journal;
const rows = new Map();
if (journal && existsSync(journal))
  for (const line of readFileSync(journal, "utf8").split("\n").filter(Boolean)) {
    const row = JSON.parse(line);
    rows.set(row.text, row);
  }

const corpus = JSON.parse(readFileSync(new URL("../test/corpus/prompts.json", import.meta.url), "utf8"));
const lists = Object.entries(corpus);
// One of each kind in turn, so that a part of the run is a sample of all kinds.
const prompts = lists[0][1].flatMap((_, i) => lists.map(([kind, texts]) => ({ kind, text: texts[i] })));
const wanted = prompts.slice(Number(asked.from), Number(asked.from) + Number(asked.most));
const missing = wanted.filter(({ text }) => !rows.has(text));
if (missing.length) {
  const parts = await read(asked.model, { backend: asked.backend, threads: Number(asked.threads) });
  const [model, engine] = [new Model(parts), new Engine(parts)];
  for (const prompt of missing) {
    const row = await judged(model, engine, prompt);
    rows.set(row.text, row);
    if (journal) appendFileSync(journal, `${JSON.stringify(row)}\n`);
  }
}
report(wanted.map(({ text }) => rows.get(text)));
done();

/** Everything that is measured on one prompt. */
async function judged(model, engine, { kind, text }) {
  const started = performance.now();
  const [own] = await engine.encode([text]);
  const ids = own.tokens.map(({ id }) => id);
  const told = {};
  for (const [name, method] of Object.entries(methods)) {
    const { tokens, target, ledger } = await model.explain(text, { method });
    told[name] = { relevance: tokens.map(({ relevance }) => relevance), target: target.index, ledger };
  }
  const { target } = told["attn-lrp"];
  const surely = {};
  for (const name of Object.keys(methods).slice(0, 3)) {
    const { tokens } = await model.explain(text, { method: methods[name], objective: "log-probability" });
    surely[name] = tokens.map(({ relevance }) => relevance);
  }

  /** Logit and probability of the target of each of these, a list of classes with no more than that one. */
  const known = new Map();
  const scored = async (lists) => {
    const replaced = (ids) =>
      own.tokens.map((token, k) => ({ ...token, id: ids[k] })).filter(({ id }) => id !== LEFT_OUT);
    const encoded = lists.map((ids) => ({ ...own, tokens: replaced(ids) }));
    const logits = await engine.predict(encoded.map((one) => ({ ...one, reads: [one.tokens.length - 1] })));
    return logits.map((row) => {
      const most = row.reduce((a, b) => Math.max(a, b));
      const sum = row.reduce((a, b) => a + Math.exp(b - most), 0);
      const classes = [];
      classes[target] = { logit: row[target], probability: Math.exp(row[target] - most) / sum };
      return classes;
    });
  };
  const predict = async (lists) => {
    const fresh = [...new Map(lists.map((list) => [list.join(), list])).entries()].filter(([key]) => !known.has(key));
    const answers = await scored(fresh.map(([, list]) => list));
    fresh.forEach(([key], i) => {
      known.set(key, answers[i]);
    });
    return lists.map((list) => known.get(list.join()));
  };

  const places = [...ids.keys()];
  const [whole] = await predict([ids]);
  const without = async (by) => {
    const classes = await predict(places.map((j) => ids.map((id, k) => (k === j ? by : id))));
    return classes.map((one) => ({
      logit: whole[target].logit - one[target].logit,
      probability: one[target].probability,
    }));
  };
  const row = { kind, text, ids, target, ...whole[target], surely, methods: {} };
  row.zeroed = await without(ZEROED);
  row.left = await without(LEFT_OUT);
  for (const [name, { relevance, ledger }] of Object.entries(told)) {
    const trial = { tokens: own.tokens, relevance, target, ids: {}, predict };
    const scores = [];
    for (const deletion of deletions) scores.push(await deletion.score(trial));
    row.methods[name] = { relevance, ledger, values: Object.assign({}, ...scores.map(({ values }) => values)) };
  }
  return { ...row, ms: Math.round(performance.now() - started) };
}

/** What counts of a prompt by a method. */
function metrics(row, name) {
  const { relevance, values } = row.methods[name];
  const falls = (list) => list.map(({ logit }) => logit);
  const { AUAC, ...areas } = values;
  return {
    "ρ, zeroed": spearman(relevance, falls(row.zeroed)),
    "ρ, left out": spearman(relevance, falls(row.left)),
    "ρ, left out, but the first": spearman(relevance.slice(1), falls(row.left).slice(1)),
    ...areas,
    AUAC,
    "the first token's share": Math.abs(relevance[0]) / relevance.reduce((n, r) => n + Math.abs(r), 0),
  };
}

/** Of explanations of log p: agreement with what that loses. */
function surely(row, name) {
  const relevance = row.surely[name];
  const falls = (list) => list.map(({ probability }) => Math.log(row.probability / probability));
  return { "ρ, zeroed": spearman(relevance, falls(row.zeroed)), "ρ, left out": spearman(relevance, falls(row.left)) };
}

function report(seen) {
  const tokens = seen.map(({ ids }) => ids.length);
  const lengths = `${Math.min(...tokens)} to ${Math.max(...tokens)} tokens`;
  console.log(`${seen.length} prompts of ${lengths}, ${runtime()}, ${asked.backend}; means (95 % by bootstrap)`);
  const [base, ...others] = Object.keys(methods);
  compared("The logit", seen, metrics, [base, ...others]);
  const kinds = [...new Set(seen.map(({ kind }) => kind))];
  for (const kind of kinds) compared(`The logit, ${kind}`, seen.filter((row) => row.kind === kind), metrics, [base, others[0]]); // biome-ignore format: one call
  compared("The log-probability", seen, surely, Object.keys(seen[0].surely));
}

/** Means of each method, and of the others' differences from the first, prompt by prompt. */
function compared(what, seen, metrics, names) {
  const [base] = names;
  const columns = Object.keys(metrics(seen[0], base));
  const cells = (of) => columns.map((column) => shown(seen.map((row) => of(row, column))));
  const less = (row, name, column) => metrics(row, name)[column] - metrics(row, base)[column];
  const means = names.map((name) => [name, ...cells((row, column) => metrics(row, name)[column])]);
  const differences = names
    .slice(1)
    .map((name) => [`${name} − ${base}`, ...cells((row, column) => less(row, name, column))]);
  console.log(`\n${what}\n`);
  console.log(table(["method", ...columns], [...means, ...differences]));
}

function shown(values) {
  const [mean, low, high] = Object.values(interval(values, 0)).map((v) => v.toFixed(3).replace("-", "−"));
  return `${mean} (${low} to ${high})`;
}
