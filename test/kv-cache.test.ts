// The key/value cache of a text that goes on: what it changes (nothing), what a step hands to the device and takes from it
// (the same at every length), and who frees it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, States } from "../src/backends/backend.ts";
import { Engine, type EngineParts } from "../src/engine/engine.ts";
import { keyValueCache } from "../src/generate/cache.ts";
import type { Plan } from "../src/graph/plan.ts";
import type { Encoded } from "../src/inputs/encoded.ts";
import { read } from "../src/runtime/load.ts";
import { Model, type ModelParts } from "../src/runtime/model.ts";
import { code } from "./shipped.ts";
import { close, places } from "./support.ts";
import { files, type Matrix, normal, words } from "./systems.ts";

const [width, heads, layers, vocabulary, positions] = [8, 2, 3, 20, 1100];

/** A decoder with GPT-2's names and random weights. */
function gpt(config: object = {}) {
  const vector = (n: number, seed: number, by = 0.3) => normal(1, n, seed, by)[0];
  const tensors: Record<string, Matrix | number[]> = {
    "transformer.wte.weight": normal(vocabulary, width, 1),
    "transformer.wpe.weight": normal(positions, width, 2),
    "transformer.ln_f.weight": vector(width, 3).map((v) => 1 + v),
    "transformer.ln_f.bias": vector(width, 4),
  };
  for (let l = 0; l < layers; l++) {
    const at = `transformer.h.${l}`;
    for (const [i, name] of ["ln_1", "ln_2"].entries()) {
      tensors[`${at}.${name}.weight`] = vector(width, 20 * l + i + 10).map((v) => 1 + v);
      tensors[`${at}.${name}.bias`] = vector(width, 20 * l + i + 12);
    }
    const dense = {
      "attn.c_attn": [width, 3 * width],
      "attn.c_proj": [width, width],
      "mlp.c_fc": [width, 16],
      "mlp.c_proj": [16, width],
    };
    for (const [i, [name, [from, to]]] of Object.entries(dense).entries()) {
      tensors[`${at}.${name}.weight`] = normal(from, to, 20 * l + i + 14, 0.5);
      tensors[`${at}.${name}.bias`] = vector(to, 20 * l + i + 18);
    }
  }
  const all = { model_type: "gpt2", architectures: ["GPT2LMHeadModel"], n_embd: width, n_head: heads, n_layer: layers };
  const rest = { n_positions: positions, vocab_size: vocabulary, activation_function: "gelu_new", eos_token_id: -1 };
  return files({ ...all, ...rest, ...config }, tensors, words(vocabulary));
}

const text = (n: number): string => Array.from({ length: n }, (_, i) => `w${(i * i + 3 * i) % vocabulary}`).join(" ");

interface Run {
  uploaded: number;
  downloaded: number;
}

/** The same backend, which counts; `fail` may throw in place of a run. */
function watched(backend: Backend, fail: (run: number) => void = () => {}) {
  const runs: Run[] = [];
  const all: States[] = [];
  const bytes = (arrays: { byteLength: number }[]) => arrays.reduce((n, { byteLength }) => n + byteLength, 0);
  const prepare = async (plan: Plan) => {
    const program = await backend.prepare(plan);
    return Object.create(program, {
      run: {
        async value(...given: Parameters<typeof program.run>) {
          const [inputs] = given;
          fail(runs.length);
          const results = await program.run(...given);
          const uploaded = bytes(Object.keys(plan.inputs).map((name) => inputs[name]));
          runs.push({ uploaded, downloaded: bytes(Object.values(results)) });
          return results;
        },
      },
    });
  };
  const createStates = async () => {
    all.push(await backend.createStates());
    return all.at(-1)!;
  };
  const held = () => all.reduce((n, { bytes }) => n + bytes, 0);
  const own = { prepare: { value: prepare }, createStates: { value: createStates } };
  return { backend: Object.create(backend, own) as Backend, runs, held, made: () => all.length };
}

for (const place of places) {
  const test = suite(`key/value cache, ${place.backend}`);
  const options = { ...place, deterministic: true };
  const near = place.backend === "wasm" ? 0 : 1e-6;
  const watching = async (config?: object, fail?: (run: number) => void) => {
    const parts: ModelParts = await read(gpt(config), options);
    const watch = watched(parts.backend, fail);
    return { ...watch, parts: { ...parts, backend: watch.backend } };
  };

  test("a step uploads and downloads the same bytes at 64 and at 1,000 tokens: a row of each", async () => {
    const { parts, runs, held } = await watching();
    const model = new Model(parts);
    const steps: Run[] = [];
    for (const n of [64, 1000]) {
      runs.length = 0;
      await model.generate(text(n), { maxNewTokens: 4 });
      assert.is(runs.length, 4, "the prompt's and three more");
      assert.ok(runs[0].uploaded > 4 * 2 * n * width, "the prompt's words and positions");
      steps.push(...runs.slice(1));
      assert.is(held(), 0, "freed");
    }
    // A word's vector and a position's, the text's length, the row that is read, where keys and values are written.
    for (const step of steps) assert.equal(step, { uploaded: 4 * (2 * width + 3), downloaded: 4 * vocabulary });
    await model.dispose();
  });

  const kinds: Record<string, [config: object, change?: (parts: EngineParts) => void]> = {
    gpt2: [{}],
    "without positions": [{ model_type: "nope_gpt", position_embedding_type: "none" }],
    "heads that skip": [{ model_type: "skip_layer_gpt", num_skip_heads: 1, num_skip_layers: 2, skip_mode: "reuse" }],
    "heads that project again": [
      { model_type: "skip_layer_gpt", num_skip_heads: 1, num_skip_layers: 1, skip_mode: "reproject" },
    ],
    "types of tokens": [
      {},
      (parts) => {
        const { architecture, tables } = parts;
        const named = { ...architecture.tables, types: architecture.tables.words };
        parts.architecture = { ...architecture, kinds: vocabulary, tables: named };
        parts.tables = { ...tables, types: tables.words };
      },
    ],
  };
  for (const [name, [config, change]] of Object.entries(kinds)) {
    test(`${name}: logits are those of the whole text, where the cache grows and where it begins again`, async () => {
      const { parts, held } = await watching(config);
      change?.(parts);
      const engine = new Engine(parts);
      const [whole] = await engine.encode([text(600)]);
      const first = (n: number): Encoded => ({ ...whole, tokens: whole.tokens.slice(0, n) });
      const cache = keyValueCache(engine);
      let most = 0;
      // A prompt of one token and more, across 64 and 128 rows and 512; then others that do not go on from the last.
      const lengths = [
        [1, 4],
        [61, 68],
        [126, 131],
        [509, 516],
        [7, 9],
      ] as const;
      const all = lengths.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
      const few = place.backend === "wasm" ? all : all.filter((n) => [1, 2, 64, 65, 512, 513, 7, 8].includes(n));
      const more = name === "gpt2" ? few : few.filter((n) => n < 70);
      for (const n of more) {
        const found = await cache.logits(first(n));
        const [expected] = await engine.predict([first(n)]);
        close(found, expected, near, `${name}: ${n} tokens`);
        most = Math.max(most, cache.bytes);
        assert.is(cache.bytes, held(), "one set of states");
      }
      const rows = Math.max(...more) > 512 ? 640 : 128;
      assert.ok(most >= 4 * 2 * layers * rows * width && most <= 4.1 * 2 * layers * rows * width, `${most} bytes`);
      cache.dispose();
      assert.is(held(), 0);
      await engine.dispose();
    });
  }

  test("two texts at once do not mix", async () => {
    const { parts, held, made } = await watching();
    const model = new Model(parts);
    const prompts = [text(70), "w3 w4", text(60).replaceAll("w1", "w2")];
    const alone = [];
    for (const prompt of prompts) alone.push(await model.generate(prompt, { maxNewTokens: 9 }));
    assert.equal(await Promise.all(prompts.map((prompt) => model.generate(prompt, { maxNewTokens: 9 }))), alone);
    assert.is(made(), 6);
    assert.is(held(), 0);
    await model.dispose();
  });

  test("an abort, an error of a step, disposal of the model: the cache is freed and the model goes on", async () => {
    const broken = new Error("a step that fails");
    let failing = -1;
    const { parts, held, made, runs } = await watching({}, (run) => {
      if (run === failing) throw broken;
    });
    const model = new Model(parts);
    const expected = await model.generate(text(5), { maxNewTokens: 6 });

    const stop = new AbortController();
    let told = 0;
    const onProgress = () => {
      if (++told === 3) stop.abort();
    };
    assert.is(await code(model.generate(text(5), { maxNewTokens: 6, signal: stop.signal, onProgress })), "Aborted");
    assert.is(held(), 0);

    failing = runs.length + 3;
    const error = await model.generate(text(5), { maxNewTokens: 6 }).catch((error) => error);
    assert.is(error, broken);
    assert.is(held(), 0);
    failing = -1;
    assert.equal(await model.generate(text(5), { maxNewTokens: 6 }), expected);
    assert.is(made(), 4, "no generation began twice");

    let gone: Promise<void> | undefined;
    const dispose = () => {
      gone ??= model.dispose();
    };
    assert.is(await code(model.generate(text(5), { maxNewTokens: 6, onProgress: dispose })), "Disposed");
    await gone;
    assert.is(held(), 0);
  });

  if (place.backend === "wasm") {
    test("two threads, to the bit", async () => {
      const results = [];
      for (const threads of [1, 2]) {
        const model = new Model(await read(gpt(), { ...options, threads }));
        results.push(await model.generate(text(62), { maxNewTokens: 5 }));
        await model.dispose();
      }
      assert.equal(results[1], results[0]);
    });
  }

  test.run();
}
