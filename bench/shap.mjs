// Kernel SHAP (Lundberg and Lee 2017) on our own batched forward beside our explanation: 50 tokens, and as many coalitions as
// `shap` and WebSHAP take when they are not told, 2·M + 2048. Tokens that a coalition leaves out become [MASK]. A round is
// one explanation and a twelfth of the coalitions.
//
//   npm run bench -- shap [--model MiniLM-L6] [--tokens 50] [--rounds 12] [--backend wasm|webgpu]

import { load } from "../dist/index.js";
import { done, interleave, options, ratio, runtime, table } from "./harness.mjs";
import { checkpoint, randomWeights, shapes, text } from "./random-model.mjs";

const asked = options({ model: "MiniLM-L6", tokens: "50", rounds: "12", backend: "wasm" });
const shape = shapes[asked.model];
const model = await load(checkpoint(randomWeights(shape), shape), { backend: asked.backend });
const M = Number(asked.tokens);
const words = text(M + 2).split(" ");
const rounds = Number(asked.rounds);

const coalitions = sample(M, 2 * M + 2048);
const masked = coalitions.map((kept) => words.map((word, i) => (kept[i] ? word : "[MASK]")).join(" "));
const share = Math.ceil(masked.length / rounds);
const outputs = [];
let next = 0;
const runs = {
  explain: () => model.explain(words.join(" ")),
  shap: async () => {
    const from = (next++ % rounds) * share;
    const results = await model.predict(masked.slice(from, from + share));
    for (const [i, { classes }] of results.entries()) outputs[from + i] = classes[0].logit;
  },
};
const times = await interleave(runs, rounds, 0);
const [all, none] = await model.predict([words, words.map(() => "[MASK]")].map((list) => list.join(" ")));
const [full, empty] = [all, none].map(({ classes }) => classes[0].logit);
const start = performance.now();
const values = solve(coalitions, outputs, full, empty);
const solving = performance.now() - start;
await model.dispose();

const off = Math.abs(values.reduce((a, b) => a + b, 0) - (full - empty));
console.log(
  `${asked.model}, ${runtime()}, ${asked.backend}, 1 thread, ${M} tokens, ${masked.length} coalitions, ${rounds} rounds\n`,
);
console.log(table(["Kernel SHAP / cp-lrp (quartiles)"], [[ratio(times, "shap", "explain", rounds)]]));
console.log(
  `\nleft out: its least squares, ${solving.toFixed(0)} ms; Σ of its values is off by ${off.toExponential(0)}`,
);
done();

/** Coalitions of 1 to M − 1 players, sizes by the Shapley kernel, each with its complement. */
function sample(players, n) {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const sizes = Array.from({ length: players - 1 }, (_, i) => 1 / ((i + 1) * (players - 1 - i)));
  const total = sizes.reduce((a, b) => a + b, 0);
  const found = [];
  while (found.length < n) {
    let size = 0;
    for (let left = uniform() * total; left > 0 && size < players - 1; size++) left -= sizes[size];
    const order = Array.from({ length: players }, (_, i) => [uniform(), i]).sort((a, b) => a[0] - b[0]);
    const kept = new Array(players).fill(false);
    for (const [, i] of order.slice(0, size)) kept[i] = true;
    found.push(kept, kept.map((on) => !on)); // biome-ignore format: a pair
  }
  return found.slice(0, n);
}

/** Weighted least squares under Σ φ = full − empty: the last player is what the others leave. */
function solve(coalitions, outputs, full, empty) {
  const n = coalitions[0].length - 1;
  const matrix = Array.from({ length: n }, () => new Float64Array(n + 1));
  coalitions.forEach((kept, c) => {
    const last = Number(kept[n]);
    const row = Array.from({ length: n }, (_, i) => Number(kept[i]) - last);
    const y = outputs[c] - empty - last * (full - empty);
    for (let i = 0; i < n; i++) {
      if (!row[i]) continue;
      for (let j = 0; j < n; j++) matrix[i][j] += row[i] * row[j];
      matrix[i][n] += row[i] * y;
    }
  });
  for (let i = 0; i < n; i++) {
    for (let r = i + 1; r < n; r++) {
      const factor = matrix[r][i] / matrix[i][i];
      for (let c = i; c <= n; c++) matrix[r][c] -= factor * matrix[i][c];
    }
  }
  const values = new Array(n + 1).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let rest = matrix[i][n];
    for (let c = i + 1; c < n; c++) rest -= matrix[i][c] * values[c];
    values[i] = rest / matrix[i][i];
  }
  values[n] = full - empty - values.reduce((a, b) => a + b, 0);
  return values;
}
