// No result of any call holds a number that is none. Models by chance, some of whose weights are multiplied until 32-bit
// floats overflow, are asked everything there is: what comes is finite, or an error with a code. And questions that have
// no answer say how to pose them.

import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Attribution } from "../src/attribution/attribution.ts";
import { chosen, shapley } from "../src/attribution/kernel-shap.ts";
import { widen } from "../src/checkpoint/dtypes.ts";
import type { Contents } from "../src/checkpoint/sources.ts";
import { RelpropError } from "../src/errors.ts";
import { evaluate } from "../src/evaluate/evaluate.ts";
import type { Explanation } from "../src/explain/explanation.ts";
import { objectiveGradient } from "../src/explain/objective.ts";
import type { Input } from "../src/inputs/encoded.ts";
import { activations } from "../src/ops/activation.ts";
import { segmentMax } from "../src/ops/segments.ts";
import { softmax } from "../src/ops/softmax.ts";
import { methods } from "../src/propagation/composites.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { encoded, pack, type Stored, unpack } from "./checkpoint.ts";
import { folder as shipped } from "./shipped.ts";
import { backends, input, places, run } from "./support.ts";

/** The path of the first number that is none. */
function odd(value: unknown, path = ""): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `${path} is ${value}`;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, own] of Object.entries(value)) {
    const found = odd(own, `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

const folders = {
  tiny: "reference/tiny/gelu-new-3-labels/",
  embedding: "reference/families/bert-embedding/",
  answers: "reference/families/bert-qa/",
  tokens: "reference/families/distilbert-token/",
  masked: "reference/families/bert-mlm/",
  gpt2: "reference/families/gpt2-lm/",
  deberta: "reference/families/deberta-v2-sequence/",
  vit: "reference/families/vit-image/",
};
type Kind = keyof typeof folders;

/** A checkpoint whose tensors that `which` picks are `by` times theirs. */
function scaled(kind: Kind, which: (i: number, name: string) => boolean, by: number): Record<string, Contents> {
  const found: Record<string, Contents> = {};
  for (const name of ["config.json", "tokenizer.json", "preprocessor_config.json", "model.safetensors"]) {
    const url = new URL(folders[kind] + name, import.meta.url);
    if (existsSync(url)) found[name] = new Uint8Array(readFileSync(url));
  }
  const tensors = [...unpack(found["model.safetensors"] as Uint8Array)].map(([name, stored], i): [string, Stored] => {
    if (!which(i, name) || !stored.dtype.startsWith("F")) return [name, stored];
    const values = widen(stored.bytes as Uint8Array<ArrayBuffer>, stored.dtype).map((v) =>
      Math.max(-3.4e38, Math.min(3.4e38, v * by)),
    );
    return [name, { ...stored, dtype: "F32", bytes: encoded(values, "F32") }];
  });
  return { ...found, "model.safetensors": pack(tensors) };
}

const propagating = [...methods.keys()];
const others = ["saliency", "integrated-gradients", "smoothgrad", "attention-last", "rollout", "attention-flow", "gae"];
const more = ["grad-rollout", "occlusion", "kernel-shap", "random"];
const few: Record<string, object> = {
  "integrated-gradients": { steps: 2, baseline: "zero" },
  smoothgrad: { samples: 2 },
  occlusion: { baseline: "zero" },
  "kernel-shap": { samples: 20, baseline: "zero" },
};

/** Everything a model of this kind may be asked, each a call. */
function calls(kind: Kind): ((model: Model) => Promise<unknown>)[] {
  const text = kind === "masked" ? "the [MASK] sings" : "the sea sings";
  const side = 8;
  const image = { data: Uint8Array.from({ length: 192 }, (_, i) => (97 * i) % 256), width: side, height: side };
  const input: Input = kind === "vit" ? image : kind === "answers" ? { text: "who sings?", pair: "the sea" } : text;
  const target = kind === "embedding" ? { target: 1 } : {};
  const finer = { layers: true, heads: true, neurons: 2, pairs: true, ...(kind === "vit" ? { pixels: true } : {}) };
  const explained = propagating.map(
    (method) => (model: Model) => model.explain(input, { method, ...finer, ...target }),
  );
  const attributed = [...others, ...more].map(
    (name) => (model: Model) => model.explain(input, { method: { name, ...few[name] }, ...target } as never),
  );
  const between = (["dot", "cosine", "distance"] as const).map(
    (of) => (model: Model) =>
      model.explain(input, {
        objective: { [of]: input === text ? "a sea" : input },
        interactions: of !== "distance",
      } as never),
  );
  const common = [
    (model: Model) => model.predict(input),
    (model: Model) => model.diagnose(input, { weights: true }),
    (model: Model) => model.explain(input, { objective: "log-probability", contrast: 1, target: 0 }),
    (model: Model) => model.explain(input, { objective: "softmax-contrast", target: 0 }),
    ...explained,
    ...attributed,
    ...between,
  ];
  if (kind !== "gpt2") return common;
  return [
    ...common,
    (model: Model) => model.generate("the sea", { maxNewTokens: 2, explain: true }),
    (model: Model) => model.generate("the sea", { maxNewTokens: 2, temperature: 1, topP: 0.9 }),
    (model: Model) => model.explain("the sea", { continuation: " sings", contrast: " is" }),
  ];
}

const RUNS = globalThis.process?.env?.RELPROP_FULL ? 400 : 30;
const SEED = 14;

for (const place of places) {
  const test = suite(`finite on ${place.backend}`);
  const runs = place.backend === "wasm" ? RUNS : 3; // SwiftShader compiles plans for seconds

  test(`${runs} models, scaled by 1e-38 to 1e38, asked what there is (fast-check with seed ${SEED})`, async () => {
    const answers = { finite: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(folders) as Kind[])),
        fc.nat(),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(-38, -20, 5, 10, 15, 18, 19, 20, 25, 30, 38),
        async (kind, offset, every, power) => {
          const from = scaled(kind, (i) => (i + offset) % every === 0, 10 ** power);
          const model = await load(from, { ...place, deterministic: true });
          try {
            const all = calls(kind);
            for (const [i, call] of all.entries()) {
              // Of all calls a part in each run.
              if ((i + offset) % 3) continue;
              const told = await call(model).catch((error) => {
                if (error instanceof RelpropError) return error;
                throw error;
              });
              const where = `${kind}, every ${every} from ${offset} by 1e${power}, ${call}`;
              if (told instanceof RelpropError) {
                assert.ok(["NonFiniteResult", "InvalidOption"].includes(told.code), `${where}: ${told.code} ${told}`);
                answers.refused++;
              } else {
                assert.is(odd(told), undefined, where);
                answers.finite++;
              }
            }
          } finally {
            await model.dispose();
          }
        },
      ),
      { seed: SEED, numRuns: runs, includeErrorInReport: true } as never,
    );
    console.log(`answers: ${JSON.stringify(answers)}`);
    assert.ok(answers.finite && answers.refused, "neither kind is left out");
  });

  test("each call of a model whose logits overflow is refused by NonFiniteResult, with where and what", async () => {
    const model = await load(
      scaled("tiny", (_, name) => /classifier.weight|pooler.dense.weight/.test(name), 3e38),
      { ...place, deterministic: true },
    );
    const asked = [
      () => model.predict("the sea"),
      () => model.explain("the sea"),
      () => model.diagnose("the sea"),
      ...["saliency", "occlusion", "gae", "attention-flow"].map(
        (method) => () => model.explain("the sea", { method } as never),
      ),
    ];
    for (const ask of asked) {
      const error = (await (ask() as Promise<unknown>).then(
        () => assert.unreachable(`${ask} succeeded`),
        (error) => error,
      )) as RelpropError;
      assert.is(error.code, "NonFiniteResult", String(error));
      assert.match(
        error.message,
        /^logits\[\d\] is (NaN|-?Infinity): the model overflows 32-bit floats on this input$/,
      );
      assert.match(String(error.facts.path), /^\[\d\]$/);
    }
    await model.dispose();
  });

  test.run();
}

for (const backend of backends) {
  const test = suite(`what is no number, ${backend.name}`);

  test("kernels hand it on, also those that take the larger of two: an overflow must not end as a finite answer", async () => {
    const x = Float32Array.of(Number.NaN, 1, -2, 3);
    for (const [name, activation] of activations) {
      const { y } = await run(backend, { y: activation(input("x", [4])) }, { x });
      assert.equal([...y].map(Number.isNaN), [true, false, false, false], name);
    }
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const scores = Float32Array.of(0, bad, 1, 2);
      const data = { x: scores, lengths: Float32Array.of(4) };
      for (const span of [undefined, { before: 3, after: 3 }]) {
        const { y } = await run(backend, { y: softmax(input("x", [1, 1, 4]), input("lengths", [1]), span) }, data);
        assert.ok([...y].some(Number.isNaN), `softmax of ${scores}: ${y}`);
      }
    }
    const { y } = await run(backend, { y: segmentMax(input("x", [1, 4, 1]), 2) }, { x });
    assert.equal([...y].map(Number.isNaN), [true, false]);
  });

  test.run();
}

const questions = suite("questions that have no answer, or need care for one");

questions("kernel-shap says how many samples it needs, and gets exact values from as many", async () => {
  const [place] = places;
  const model = await load(shipped, place);
  const text = "A gorgeous, witty, seductive movie that is not bad at all.";
  const asked = (samples: number) => model.explain(text, { method: { name: "kernel-shap", samples } } as never);
  for (const samples of [1, 10, 24]) {
    const error = (await asked(samples).catch((error) => error)) as RelpropError;
    assert.is(error.code, "InvalidOption");
    assert.match(
      error.message,
      new RegExp(`^${samples} samples do not determine .* kernel-shap needs \\d+ with this seed`),
    );
    assert.is(odd(await asked(error.facts.samples as number)), undefined);
  }
  for (const samples of [-1, 1e9, Number.NaN]) {
    assert.is((await asked(samples).catch((error) => error)).code, "InvalidOption", String(samples));
  }
  await model.dispose();

  // An additive game's Shapley values are its summands, whichever coalitions determine them.
  for (const m of [2, 3, 7, 12, 25]) {
    for (let seed = 0; seed < 50; seed++) {
      let samples = 1;
      try {
        chosen(m, samples, seed);
      } catch (error) {
        samples = (error as RelpropError).facts.samples as number;
        assert.ok(samples >= 2 * (m - 1), "a coalition and its opposite tell the same");
        assert.throws(
          () => chosen(m, 1, seed),
          (error: RelpropError) => error.facts.samples === samples,
        );
      }
      const { coalitions, weights } = chosen(m, samples, seed);
      const summands = Array.from({ length: m }, (_, i) => Math.sin(7 * i + seed));
      const worth = (players: ArrayLike<number>) => summands.reduce((sum, v, i) => sum + v * players[i], 0);
      const found = shapley(coalitions, weights, coalitions.map(worth), worth(summands.map(() => 1)));
      for (const [i, v] of found.entries()) assert.ok(Math.abs(v - summands[i]) < 1e-7, `${m} players, seed ${seed}`);
    }
  }
});

questions("functions of logits far apart, and of vectors of zeros", () => {
  const { value, gradient } = objectiveGradient("softmax-contrast", [2000, 1, 0], [1, 0, 0]);
  const p = 1 / (1 + Math.exp(-1));
  assert.ok(Math.abs(value - (2000 - p)) < 1e-9);
  for (const [i, wanted] of [1, -p, p - 1].entries()) assert.ok(Math.abs(gradient[i] - wanted) < 1e-12);
  assert.throws(
    () => objectiveGradient({ cosine: "x" }, [0, 0], [1, 0], [1, 2]),
    (error: RelpropError) => error.code === "InvalidOption" && /vector of zeros/.test(error.message),
  );
});

questions("an evaluation leaves out what no example defines", async () => {
  const [place] = places;
  const model = await load(shipped, place);
  // One word has no order to correlate.
  const found = await evaluate(model, [{ text: "good" }], { protocol: "loo", methods: ["cp-lrp", "gradient-x-input"] });
  assert.is(odd(found), undefined);
  assert.not.match(JSON.stringify(found), /null/);
  for (const metric of Object.keys(found.metrics)) {
    for (const name of ["cp-lrp", "gradient-x-input"])
      assert.not.ok(metric in found.methods[name], `${name} ${metric}`);
  }
  await model.dispose();
});

questions("what an explanation is has no number that is none in any part", async () => {
  const [place] = places;
  const model = await load(shipped, place);
  const told: (Explanation | Attribution)[] = [];
  for (const name of [...others, ...more]) {
    told.push(await model.explain("a good movie", { method: { name, ...few[name] } } as never));
  }
  assert.is(odd(told), undefined);
  await model.dispose();
});

questions.run();
