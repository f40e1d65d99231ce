// AttnLRP (Achtibat et al. 2024) against the numbers that its reference implementation's formulas give, and what it conserves: a
// softmax attention layer of tokens that are all the same passes on half of the logit by it, all of it by AH.

import { suite } from "uvu";
import { input } from "../src/graph/tensor.ts";
import { scores } from "../src/ops/attention.ts";
import { softmax } from "../src/ops/softmax.ts";
import type { PropagationMethod } from "../src/propagation/composites.ts";
import { backends, run } from "./support.ts";
import { allClose, everywhere, files, type Matrix, near, normal } from "./systems.ts";

const test = suite("AttnLRP");
const at = { options: {}, carries: [true, true] };

test("Achtibat 2024: softmax of [1, 2, 3] and R = [.2, −.1, .4]", async () => {
  const x = Float32Array.of(1, 2, 3);
  const relevance = [0.2, -0.1, 0.4];
  const p = softmax(input("x", [1, 1, 1, 3]), input("lengths", [1]));
  const { gradients } = p.op.rules!.gradient(input("g", [1, 1, 1, 3]), p, at);
  for (const backend of backends) {
    const total = x.reduce((sum, v) => sum + Math.exp(v), 0);
    const g = Float32Array.from(relevance, (r, i) => (r * total) / Math.exp(x[i])); // R = p · g
    const out = await run(backend, { to: gradients[0]! }, { x, g, lengths: Float32Array.of(3) });
    near(
      out.to.map((v, i) => v * x[i]),
      [0.15498471, -0.44472847, 0.20213857],
      backend.name,
      1e-6,
    );
    near([out.to.reduce((sum, v, i) => sum + v * x[i], 0)], [-0.0876], "not conserved", 1e-3);
  }
});

test("Achtibat 2024: [1, 2] · [3, 4]ᵀ = 11 gives each factor [3/22, 8/22]", async () => {
  const product = scores(input("a", [1, 1, 2]), input("b", [1, 1, 2]), 1, 1);
  const { gradients } = product.op.rules!.uniform(input("g", [1, 1, 1, 1]), product, at);
  for (const backend of backends) {
    const data = { a: Float32Array.of(1, 2), b: Float32Array.of(3, 4), g: Float32Array.of(1 / 11) };
    const out = await run(backend, { product, a: gradients[0]!, b: gradients[1]! }, data);
    near(out.product, [11], "A Bᵀ");
    for (const name of ["a", "b"] as const)
      near(
        out[name].map((v, i) => v * data[name][i]),
        [3 / 22, 8 / 22],
        name,
        1e-6,
      );
  }
});

test("Achtibat 2024: one layer without biases: all of f by AH, of equal tokens half of f by AttnLRP and all by the gradient", async () => {
  const d = 8;
  const tensors: Record<string, Matrix> = { "classifier.weight": normal(2, d, 9) };
  for (const [i, name] of ["query", "key", "value", "output"].entries()) {
    tensors[`layers.0.attention.${name}.weight`] = normal(d, d, i + 1, 0.5);
  }
  const config = {
    model_type: "residual_scaled_encoder",
    architectures: ["OneLayerForTabularClassification"],
    hidden_size: d,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    residual: false,
  };
  await everywhere(files(config, tensors), async (model) => {
    const rows = normal(6, d, 20);
    const told = async (method: PropagationMethod, of: Matrix) =>
      (await model.explain({ rows: of }, { method, target: 0 })).ledger;
    const { tokens, logit } = await told("cp-lrp", rows);
    near([tokens], [logit], "Σ R = f");
    const same = rows.map(() => rows[0]);
    for (const [method, share] of [
      ["attn-lrp", 1 / 2],
      ["cp-lrp", 1],
      ["gradient-x-input", 1],
    ] as const) {
      const { tokens, logit } = await told(method, same);
      near([tokens], [share * logit], method);
    }
    await allClose(model, { rows }, "one layer");
  });
});

test.run();
