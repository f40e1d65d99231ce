// Which in-context examples does an answer rest on? A looped linear Transformer (Gatmiry et al. 2024) reads examples (x, y) and a
// query, and answers by steps of gradient descent on a linear regression. It is small enough to be written down here, and what
// relevance must be is known in closed form: so this also checks relprop.
//
//   deno run main.ts [loops]      bun main.ts [loops]

import { load } from "relprop";

const loops = Number(globalThis.Deno?.args[0] ?? globalThis.process?.argv[2] ?? 4);

// y = 2x₁ − x₂, and one example that says otherwise.
const examples = [
  { x: [1, 0], y: 2 },
  { x: [0, 1], y: -1 },
  { x: [1, 1], y: 1 },
  { x: [2, 1], y: -3 },
];
const query = [1.5, 0.5];
const [n, d, step] = [examples.length, query.length, 0.4];

/** Q = −η I on x and P = 1 on y: one loop is w ← w + η/n Σ x (y − w·x), kept as what is left of each y. */
function checkpoint(): Record<string, string | Blob> {
  const width = d + 1;
  const square = (at: (i: number, j: number) => number) =>
    Float32Array.from({ length: width * width }, (_, k) => at(Math.floor(k / width), k % width));
  const tensors = {
    "layers.0.attention.query.weight": square((i, j) => (i === j && i < d ? -step : 0)),
    "layers.0.attention.output.weight": square((i, j) => Number(i === d && j === d)),
  };
  let end = 0;
  const header = Object.entries(tensors).map(([name, { byteLength }]) => {
    const start = end;
    end += byteLength;
    return [name, { dtype: "F32", shape: [width, width], data_offsets: [start, end] }];
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = new BigUint64Array([BigInt(json.length)]);
  const config = {
    model_type: "looped_linear_transformer",
    architectures: ["LoopedLinearForTabularRegression"],
    hidden_size: width,
    num_hidden_layers: 1,
    loops,
  };
  return {
    "config.json": JSON.stringify(config),
    "model.safetensors": new Blob([length, json, ...Object.values(tensors)]),
  };
}

/** R_i = x_qᵀ Σ_{t < loops} (I − η Σ̂)ᵗ (η/n) x_i y_i, by the descent itself from one example's y at a time. */
function closedForm(): number[] {
  return examples.map((_, i) => {
    let w = query.map(() => 0);
    for (let t = 0; t < loops; t++) {
      const gradient = w.map((_, j) =>
        examples.reduce((sum, { x, y }, k) => {
          const told = x.reduce((s, v, c) => s + v * w[c], 0);
          return sum + (x[j] * ((k === i ? y : 0) - told)) / n;
        }, 0),
      );
      w = w.map((v, j) => v + step * gradient[j]);
    }
    return query.reduce((sum, v, j) => sum + v * w[j], 0);
  });
}

const model = await load(checkpoint());
const told = await model.explain({
  rows: [...examples.map(({ x, y }) => [...x, y]), [...query, 0]],
  names: [...examples.map(({ x, y }) => `(${x}) → ${y}`), `(${query}) → ?`],
});
await model.dispose();

const expected = closedForm();
console.log(`${loops} loops answer ${told.ledger.logit.toFixed(4)}\n`);
console.log("example            relevance  closed form");
for (const [i, { text, relevance }] of told.tokens.slice(0, n).entries()) {
  console.log(`${text.padEnd(18)} ${relevance.toFixed(4).padStart(9)} ${expected[i].toFixed(4).padStart(12)}`);
}
console.log(`together           ${told.ledger.tokens.toFixed(4).padStart(9)}`);
