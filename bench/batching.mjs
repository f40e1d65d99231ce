// What runs of several texts, targets and methods gain over one at a time: medians of ratios per explanation.
//
//   npm run bench -- batching [--model MiniLM-L6] [--tokens 16,32] [--batch 8,32] [--rounds 7] [--backend wasm|webgpu]

import { load } from "../dist/index.js";
import { done, interleave, numbers, options, ratio, runtime, table } from "./harness.mjs";
import { checkpoint, randomWeights, shapes, text } from "./random-model.mjs";

const asked = options({ model: "MiniLM-L6", tokens: "16,32", batch: "8,32", rounds: "7", backend: "wasm" });
const shape = shapes[asked.model];
const model = await load(checkpoint(randomWeights(shape), shape), {
  backend: asked.backend,
});
const rounds = Number(asked.rounds);
const rows = [];
for (const T of numbers(asked.tokens)) {
  const one = text(T);
  for (const B of numbers(asked.batch)) {
    const texts = Array.from({ length: B }, () => one);
    // Lengths from T/2 to T, in any order.
    const ragged = Array.from({ length: B }, (_, i) => text(Math.ceil(T / 2 + ((((i * 7) % B) + 1) / B) * (T / 2))));
    const alone = async (list, options) => {
      for (const text of list) await model.explain(text, options);
    };
    const times = await interleave(
      {
        "texts alone": () => alone(texts),
        texts: () => model.explain(texts),
        "ragged alone": () => alone(ragged),
        ragged: () => model.explain(ragged),
        "predictions alone": async () => {
          for (const text of texts) await model.predict(text);
        },
        predictions: () => model.predict(texts),
      },
      rounds,
    );
    for (const what of ["texts", "ragged", "predictions"])
      rows.push([T, `${B} ${what}`, ratio(times, what, `${what} alone`)]);
  }
  const targets = [0, 1];
  const times = await interleave(
    {
      "targets alone": async () => {
        for (const target of targets) await model.explain(one, { target });
      },
      targets: () => model.explain(one, { target: targets }),
      "methods alone": async () => {
        for (const method of ["cp-lrp", "attn-lrp"]) await model.explain(one, { method });
      },
      methods: () => model.explain(one, { method: ["cp-lrp", "attn-lrp"] }),
    },
    rounds,
  );
  rows.push([T, "2 targets", ratio(times, "targets", "targets alone")]);
  rows.push([T, "2 methods (cp-lrp, attn-lrp)", ratio(times, "methods", "methods alone")]);
}
await model.dispose();
console.log(
  `${asked.model}, ${runtime()}, ${asked.backend}, 1 thread, ${rounds} rounds: time together / time one by one\n`,
);
console.log(table(["T", "what", "together / alone (quartiles)"], rows));
done();
