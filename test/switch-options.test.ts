// Models by switches with configs and tensors that fit or do not, × options: what is returned closes its ledger or says by how
// much it does not, what is refused is refused by a code.

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RelpropError } from "../src/errors.ts";
import type { Explanation } from "../src/explain/explanation.ts";
import type { ExplainOptions } from "../src/explain/options.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { places } from "./support.ts";
import { files, type Matrix, normal, words } from "./systems.ts";

const D = 4;
const SEED = Number(globalThis.process?.env?.RELPROP_SEED ?? 20);
const maybe = <T>(...values: T[]) => fc.constantFrom(undefined, ...values);

const configs = fc.record({
  model_type: fc.constantFrom(
    "looped_linear_transformer",
    "linear_regression_transformer",
    "one_layer_vit",
    "residual_scaled_encoder",
    "energy_transformer",
  ),
  architectures: maybe(
    ["XForSequenceClassification"],
    ["XForTabularRegression"],
    ["XForTokenClassification"],
    ["XModel"],
  ),
  max_position_embeddings: fc.constantFrom(8, 8, 8, undefined),
  hidden_size: fc.constantFrom(D, D, D, D, D, 5),
  num_hidden_layers: fc.constantFrom(1, 1, 2),
  num_attention_heads: maybe<unknown>(1, 2, 2, 3, [2, 1]),
  attention_type: maybe("softmax", "linear"),
  attention_mask: maybe("none", "causal"),
  attention_window: maybe(0, 2),
  excluded_keys: maybe(0, 1),
  key_bias: maybe(true, false),
  tied: maybe(true, false),
  norm: maybe("none", "pre", "post"),
  layer_norm_eps: fc.constant(1e-5),
  residual: maybe(true, false),
  residual_scale: maybe([0.5, 0.25], [0, 0]),
  position: fc.constantFrom(undefined, undefined, "none", "none", "once", "every"),
  loops: maybe(1, 3),
  looped_from: maybe(0, 1),
  hidden_act: maybe("relu", "sigmoid"),
  readout: maybe("mean", "first", "last", "tokens", "slot"),
});

const tensors = fc
  .record({
    text: fc.boolean(),
    positions: fc.constantFrom(true, true, false),
    classifier: fc.constantFrom(D, D, D, D, D, 7, 0),
    projections: fc.subarray(["query", "key", "value", "output"]),
    out: fc.constantFrom(D, D, D, 6),
    half: fc.constantFrom("none", "up", "up and down", "symmetric"),
    norms: fc.constantFrom(true, true, false),
    bert: fc.constantFrom(false, false, false, true),
    seed: fc.nat(1e6),
  })
  .map(({ text, positions, classifier, projections, out, half, norms, bert, seed }) => {
    const made: Record<string, Matrix | number[]> = {};
    const put = (name: string, n: number, m: number) => {
      made[name] = n === 1 ? normal(1, m, seed++)[0] : normal(n, m, seed++, 0.6);
    };
    if (bert) {
      put("bert.embeddings.word_embeddings.weight", 9, D);
      put("bert.encoder.layer.0.attention.self.query.weight", D, D);
      return made;
    }
    if (text) put("embeddings.word_embeddings.weight", 9, D);
    if (positions) put("embeddings.position_embeddings.weight", 8, D);
    if (classifier) put("classifier.weight", 3, classifier);
    for (const at of ["layers.0.", "layers.1."]) {
      for (const name of projections) put(`${at}attention.${name}.weight`, name === "output" ? D : out, D);
      if (half.startsWith("up")) put(`${at}feedforward.up.weight`, 8, D);
      if (half.endsWith("down")) put(`${at}feedforward.down.weight`, D, 8);
      if (half === "symmetric") put(`${at}feedforward.symmetric.weight`, D, D);
      for (const name of norms ? ["attention", "feedforward"] : []) {
        for (const what of ["weight", "bias"]) put(`${at}norm.${name}.${what}`, 1, D);
      }
    }
    return made;
  });

const options = fc.record({
  method: fc.constantFrom("cp-lrp", "attn-lrp", "gradient-x-input"),
  heads: fc.boolean(),
  neurons: maybe(3),
  layers: fc.boolean(),
  objective: maybe<unknown>("log-probability", "softmax-contrast"),
});

const coded = async (what: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await what();
  } catch (error) {
    if (error instanceof RelpropError) {
      if (globalThis.process?.env?.RELPROP_TRACE) console.log(error.message.slice(0, 90));
      return undefined;
    }
    if (globalThis.process?.env?.RELPROP_TRACE) console.log(error);
    throw error;
  }
};

/** Σ|R| + Σ|other entries|, of which the residual is at most 2e-6 unless a warning says more. */
function closes({ tokens, ledger, warnings }: Explanation): void {
  const { logit, tokens: _, residual, ...others } = ledger;
  const size = [...tokens.map(({ relevance }) => relevance), ...Object.values(others)].reduce(
    (sum, v) => sum + Math.abs(v),
    0,
  );
  assert.ok([logit, residual, size].every(Number.isFinite));
  assert.ok(Math.abs(residual) <= 2e-6 * size + 1e-30 || warnings.length, `${residual} of ${size}`);
}

test(`only coded errors, and ledgers that close: seed ${SEED}`, async () => {
  let explained = 0;
  const property = fc.asyncProperty(configs, tensors, options, async (config, made, wanted) => {
    const present = (all: object) => Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined));
    const model = (await coded(() => load(files(present(config), made, words(9)), places[0]))) as Model | undefined;
    if (!model) return;
    try {
      const width = config.hidden_size;
      for (const input of ["w1 w2 w3", { rows: normal(3, width, 5) }]) {
        const { heads, layers, ...rest } = wanted;
        const asked = present({ ...rest, ...(heads && { heads }), ...(layers && { layers }) }) as ExplainOptions;
        const told = await coded(() => model.explain(input, asked));
        if (told) closes(told as Explanation);
        explained += Number(told !== undefined);
        await coded(() => model.predict(input));
        await coded(() => model.diagnose(input));
      }
    } finally {
      await model.dispose();
    }
  });
  await fc.assert(property, { numRuns: Number(globalThis.process?.env?.RELPROP_RUNS ?? 600), seed: SEED });
  console.log(`${explained} explanations`);
  assert.ok(explained > 20);
});

test.run();
