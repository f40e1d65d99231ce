// Blocks by switches, in all combinations that chance gives: logits against the definition in float64, every ledger closed,
// gradient × input against finite differences of the definition.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RelpropError } from "../src/errors.ts";
import type { PartsLedger } from "../src/explain/explanation.ts";
import { uniform } from "../src/random.ts";
import { load } from "../src/runtime/load.ts";
import { places } from "./support.ts";
import { allClose, everywhere, files, type Matrix, near, normal, words } from "./systems.ts";
import { erf } from "./twin/normal.ts";

const [D, N, VOCABULARY, MOST] = [6, 7, 9, 12];

interface Case {
  config: Record<string, unknown>;
  tensors: Record<string, Matrix | number[]>;
  blocks: number;
  heads: number;
  loops?: number;
}

function draw(seed: number): Case {
  const next = uniform(seed);
  const one = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)];
  const blocks = 1 + Math.floor(next() * 3);
  const heads = one([1, 2, 3]);
  const norm = one(["none", "pre", "post"]);
  const residual = one([true, true, false]);
  const loops = one([undefined, 0, 2]);
  const position = loops === undefined ? one(["none", "once", "every"]) : one(["none", "once"]);
  const text = one([true, false, false]);
  const tied = one([true, false, false, false]);
  const config: Case["config"] = {
    model_type: "residual_scaled_encoder",
    architectures: [text ? "SwitchedForSequenceClassification" : "SwitchedForTabularClassification"],
    hidden_size: D,
    num_hidden_layers: blocks,
    num_attention_heads: heads,
    max_position_embeddings: MOST,
    attention_type: one(["softmax", "softmax", "linear"]),
    attention_mask: one(["none", "causal"]),
    attention_window: one([undefined, undefined, 0, 2]),
    attention_scale: one([undefined, 1, 0.4]),
    excluded_keys: one([0, 0, 1]),
    key_bias: one([true, false, false]),
    tied,
    norm,
    layer_norm_eps: 1e-5,
    residual,
    residual_scale: one([undefined, [0.5, 0.25], [0, 1]]),
    position,
    hidden_act: one([undefined, "relu", "gelu"]),
    readout: one(["mean", "first", "last"]),
    ...(loops !== undefined && { loops, looped_from: blocks > 1 ? 1 : 0 }),
  };
  let n = 100 * seed;
  const tensors: Case["tensors"] = { "classifier.weight": normal(3, D, n++), "classifier.bias": normal(1, 3, n++)[0] };
  if (text) tensors["embeddings.word_embeddings.weight"] = normal(VOCABULARY, D, n++);
  if (position !== "none") tensors["embeddings.position_embeddings.weight"] = normal(MOST, D, n++);
  const dense = (name: string, out: number, into: number) => {
    tensors[`${name}.weight`] = normal(out, into, n++, 0.6);
    if (next() < 0.5) tensors[`${name}.bias`] = normal(1, out, n++)[0];
  };
  for (let i = 0; i < blocks; i++) {
    const at = `layers.${i}.`;
    for (const name of ["query", "key", "value", "output"]) {
      if ((tied && name === "query") || next() < 0.7) dense(`${at}attention.${name}`, D, D);
    }
    const kind = one(["none", "dense", "dense", "symmetric"]);
    if (kind === "dense") {
      dense(`${at}feedforward.up`, 8, D);
      dense(`${at}feedforward.down`, D, 8);
    } else if (kind === "symmetric") dense(`${at}feedforward.symmetric`, D, D);
    for (const half of ["attention", "feedforward"]) {
      if (norm === "none") continue;
      tensors[`${at}norm.${half}.weight`] = normal(1, D, n++, 0.2)[0].map((v) => 1 + v);
      tensors[`${at}norm.${half}.bias`] = normal(1, D, n++, 0.2)[0];
    }
  }
  return { config, tensors, blocks, heads, loops };
}

/** The logits of rows that positions are added to here, as README.md tells of the switches. */
function forward({ config, tensors, blocks, heads }: Case, rows: Matrix): number[] {
  const matrix = (name: string) => tensors[`${name}.weight`] as Matrix | undefined;
  const dense = (x: Matrix, name: string): Matrix => {
    const w = matrix(name);
    const bias = tensors[`${name}.bias`] as number[] | undefined;
    return w ? x.map((row) => w.map((line, r) => line.reduce((sum, v, c) => sum + v * row[c], bias?.[r] ?? 0))) : x;
  };
  const norm = (x: Matrix, name: string) =>
    x.map((row) => {
      const mean = row.reduce((sum, v) => sum + v, 0) / D;
      const dev = Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / D + 1e-5);
      const [w, b] = [tensors[`${name}.weight`] as number[], tensors[`${name}.bias`] as number[]];
      return row.map((v, c) => ((v - mean) / dev) * w[c] + b[c]);
    });
  const act = (v: number) => {
    if (config.hidden_act === "relu") return Math.max(0, v);
    return config.hidden_act === "gelu" ? (v / 2) * (1 + erf(v / Math.SQRT2)) : v;
  };
  const attention = (x: Matrix, at: string): Matrix => {
    const q = dense(x, `${at}query`);
    const [k, v] = [config.tied ? q : dense(x, `${at}key`), dense(x, `${at}value`)];
    const d = D / heads;
    const scale = (config.attention_scale as number) ?? 1 / Math.sqrt(d);
    const keys = x.length - (config.excluded_keys as number);
    const reach = (config.attention_window as number) ?? Number.POSITIVE_INFINITY;
    const mixed = q.map((_, i) => {
      const out: number[] = [];
      for (let h = 0; h < heads; h++) {
        const part = (row: number[]) => row.slice(h * d, (h + 1) * d);
        const dot = (a: number[], b: number[]) => a.reduce((sum, v, c) => sum + v * b[c], 0);
        const seen = [...x.keys()].filter(
          (j) => j < keys && Math.abs(i - j) <= reach && (config.attention_mask !== "causal" || j <= i),
        );
        const scores = seen.map((j) => {
          const own = part(k[j]);
          return scale * dot(part(q[i]), own) - (config.key_bias ? dot(own, own) / 2 : 0);
        });
        const most = Math.max(...scores);
        const e = scores.map((s) => (config.attention_type === "linear" ? s : Math.exp(s - most)));
        const total = config.attention_type === "linear" ? seen.length : e.reduce((sum, v) => sum + v, 0);
        out.push(
          ...Array.from({ length: d }, (_, c) => seen.reduce((sum, j, n) => sum + (e[n] / total) * part(v[j])[c], 0)),
        );
      }
      return out;
    });
    return dense(mixed, `${at}output`);
  };
  const feedforward = (x: Matrix, at: string): Matrix => {
    const w = matrix(`${at}symmetric`);
    if (!w)
      return dense(
        dense(x, `${at}up`).map((row) => row.map(act)),
        `${at}down`,
      );
    const b = tensors[`${at}symmetric.bias`] as number[] | undefined;
    return x.map((row) =>
      w.map((_, r) => act(row.reduce((sum, v, c) => sum - ((w[r][c] + w[c][r]) / 2) * v, b?.[r] ?? 0))),
    );
  };
  const table = tensors["embeddings.position_embeddings.weight"] as Matrix | undefined;
  const placed = (x: Matrix) => x.map((row, j) => row.map((v, c) => v + (table?.[j][c] ?? 0)));
  const [first, second] = (config.residual_scale as number[]) ?? [1, 1];
  let x = placed(rows);
  const all = [...Array(blocks).keys()];
  const from = (config.looped_from as number) ?? blocks;
  const order = [
    ...all.slice(0, from),
    ...Array((config.loops as number) ?? 0)
      .fill(all.slice(from))
      .flat(),
  ];
  for (const i of order) {
    const at = `layers.${i}.`;
    if (config.position === "every" && i > 0) x = placed(x);
    const half = (name: string, by: number, run: (x: Matrix, at: string) => Matrix) => {
      const made = run(config.norm === "pre" ? norm(x, `${at}norm.${name}`) : x, `${at}${name}.`);
      const sum = made.map((row, r) => row.map((v, c) => by * v + (config.residual ? x[r][c] : 0)));
      x = config.norm === "post" ? norm(sum, `${at}norm.${name}`) : sum;
    };
    half("attention", first, attention);
    if (matrix(`${at}feedforward.up`) ?? matrix(`${at}feedforward.symmetric`)) half("feedforward", second, feedforward);
  }
  const mean = x[0].map((_, c) => x.reduce((sum, row) => sum + row[c] / x.length, 0));
  const read = { mean, first: x[0], last: x[x.length - 1] }[config.readout as "mean"];
  return dense([read], "classifier")[0];
}

/** The ledger of a block's half closes, whatever lies between its parts and the stream. */
function half({ logit, residual, ...entries }: PartsLedger, parts: readonly number[], where: string): void {
  const { parts: whole, ...others } = entries;
  const size = [...parts, ...Object.values(others)].reduce((sum, v) => sum + Math.abs(v), 0);
  assert.ok(Math.abs(residual) <= 2e-6 * size, `${where}: ${residual} of ${size}`);
  assert.ok(Number.isFinite(logit) && Number.isFinite(whole), where);
}

const SEEDS = globalThis.process?.env?.RELPROP_FULL ? 400 : 40;
const test = suite("switches");

test(`${SEEDS} models by chance, seeds 1 to ${SEEDS}`, async () => {
  // Beside chance those of the first 1,000 whose softmax magnified what rounding left: ledgers missed up to 8.6 %.
  for (const seed of [...Array.from({ length: SEEDS }, (_, i) => i + 1), 335, 549, 649, 909, 920]) {
    const made = draw(seed);
    const table = made.tensors["embeddings.word_embeddings.weight"] as Matrix | undefined;
    const ids = Array.from({ length: N }, (_, j) => (5 * j + seed) % VOCABULARY);
    const rows = table ? ids.map((id) => table[id]) : normal(N, D, seed);
    const input = table ? ids.map((id) => `w${id}`).join(" ") : { rows };
    const expected = forward(made, rows);
    const scale = Math.max(...expected.map(Math.abs));
    if (!(scale < 1e4)) continue; // linear attention may run away
    const from = files(made.config, made.tensors, table && words(VOCABULARY));
    await everywhere(from, async (model) => {
      if (model.backend === "webgpu" && seed > 10) return; // SwiftShader: the same plans
      const where = `seed ${seed}, ${JSON.stringify(made.config)}`;
      const { classes } = await model.predict(input);
      near(
        classes.map(({ logit }) => logit),
        expected,
        where,
      );
      await allClose(model, input, where); // measured: 1.9e-6 of 1,500 models
      if (model.backend !== "wasm") return;
      const fed = made.loops !== 0 && Object.keys(made.tensors).some((name) => name.endsWith("up.weight"));
      const halves = await model.explain(input, { method: "attn-lrp", heads: true, ...(fed && { neurons: 1e6 }) });
      for (const [i, { ledger, tokens }] of halves.heads!.entries())
        half(ledger, tokens.flat(), `${where}: heads ${i}`);
      const blocks = [...new Set(halves.neurons?.top.map(({ block }) => block))].sort((a, b) => a - b);
      for (const [k, block] of blocks.entries()) {
        const own = halves.neurons!.top.filter((one) => one.block === block).flatMap(({ tokens }) => tokens);
        half(halves.neurons!.ledgers[k], own, `${where}: neurons ${block}`);
      }
      if (made.loops === undefined) {
        for (const [i, { gradients }] of (await model.diagnose(input)).blocks.entries()) {
          const projected = ["query", "key", "value"].filter(
            (name) =>
              made.tensors[`layers.${i}.attention.${made.config.tied && name === "key" ? "query" : name}.weight`],
          );
          assert.equal(Object.keys(gradients), projected, `${where}: block ${i}`);
        }
      }
      const told = await model.explain(input, { method: "gradient-x-input", target: 1, at: "words" });
      const slopesBy = (h: number) =>
        rows.map((_, j) => {
          const by = (step: number) => rows.map((row, i) => (i === j ? row.map((v) => v * (1 + step)) : row));
          return (forward(made, by(h))[1] - forward(made, by(-h))[1]) / (2 * h);
        });
      const slopes = slopesBy(1e-5);
      const rough = slopesBy(1e-6).map((slope, j) => 10 * Math.abs(slope - slopes[j])); // where ReLU has an edge
      const size = Math.max(...slopes.map(Math.abs), 5e-2 * scale);
      for (const [j, slope] of slopes.entries()) {
        assert.ok(
          Math.abs(told.tokens[j].relevance - slope) < 2e-4 * size + rough[j],
          `${where}: ${j}: ${told.tokens[j].relevance}, ${slope}`,
        );
      }
    });
  }
});

test("switches that contradict each other or are none are told by their field", async () => {
  const [where] = places;
  const { config, tensors } = draw(2);
  for (const [more, code, what] of [
    [{ attention_type: "cosine" }, "ConfigUnsupported", /attention_type is "cosine"; supported are softmax, linear/],
    [{ norm: "middle" }, "ConfigUnsupported", /norm is "middle"/],
    [{ residual: 1 }, "ConfigInvalid", /residual is .* true or false/],
    [{ residual_scale: [1] }, "ConfigInvalid", /two numbers/],
    [{ position: "every", loops: 2 }, "ConfigInvalid", /once, because blocks are looped/],
    [{ num_attention_heads: 4 }, "ConfigMismatch", /does not divide/],
    [{ hidden_size: 7 }, "UnexpectedShape", /needs \[/],
    [{ architectures: ["SwitchedForCausalLM"] }, "ConfigUnsupported", /architectures/],
    [{ architectures: ["SwitchedForConstructor"] }, "ConfigUnsupported", /architectures/],
  ] as const) {
    const found = await load(files({ ...config, position: "none", ...more }, tensors), where).catch((error) => error);
    assert.is((found as RelpropError).code, code, `${JSON.stringify(more)}: ${found}`);
    assert.match(found.message, what);
  }
  const model = await load(
    files({ ...config, position: "none", loops: undefined, looped_from: undefined }, tensors),
    where,
  );
  for (const [given, code, what] of [
    ["a text", "InvalidInput", /reads \{ rows \} of 6 numbers each/],
    [{ rows: [] }, "EmptyInput", /no rows/],
    [{ rows: [[1, 2]] }, "InvalidInput", /row 0 must be 6 finite numbers/],
    [{ rows: [[1, 2, 3, 4, 5, Number.NaN]] }, "InvalidInput", /finite/],
    [{ rows: normal(13, 6, 1) }, "InputTooLong", /13 rows, this model takes 12/],
    [{ rows: normal(2, 6, 1), names: ["a"] }, "InvalidInput", /1 names for 2 rows/],
    [{ rows: normal(2, 6, 1), names: [{ toString: 1 }, "b"] }, "InvalidInput", /^names are strings, one a row/],
    [{ rows: normal(2, 6, 1), names: "ab" }, "InvalidInput", /^names are strings/],
    [{ rows: normal(2, 6, 1), names: null }, "InvalidInput", /^names are strings/],
  ] as const) {
    const found = await model.predict(given as never).catch((error) => error);
    assert.is((found as RelpropError).code, code, `${found}`);
    assert.match(found.message, what);
  }
  await model.dispose();
});

test.run();
