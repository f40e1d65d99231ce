// A loaded model as its users have it: laws of the whole pass, lifetimes, odd texts, every kind of source.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { methods } from "../src/composites.ts";
import { RelpropError } from "../src/errors.ts";
import type { Explanation } from "../src/explanation.ts";
import { type LoadOptions, load } from "../src/load.ts";
import type { Model } from "../src/model.ts";
import { widen } from "../src/safetensors.ts";
import { encoded, pack, type Stored, unpack } from "./checkpoint.ts";
import { places } from "./support.ts";

const folder = new URL("../models/sst2-tiny/", import.meta.url);
const names = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];
const buffers = () =>
  Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, folder)))]));

const texts = [
  "A gorgeous, witty, seductive movie.",
  "not a bad movie",
  "",
  "It is hard to say what it wants, but it wants it badly, and for two hours and a half it does not let go of you once.",
];

/** The code a promise rejects with. */
async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RelpropError) return error.code;
    throw error;
  }
  return "none";
}

const relevance = ({ tokens }: Explanation) => tokens.map(({ relevance }) => relevance);

/** max |ΔR| / Σ|R| */
function apart(a: Explanation, b: Explanation): number {
  const [x, y] = [relevance(a), relevance(b)];
  assert.is(x.length, y.length);
  return Math.max(...x.map((v, i) => Math.abs(v - y[i]))) / x.reduce((n, v) => n + Math.abs(v), 0);
}

for (const place of places) {
  const test = suite(`a model on ${place.backend}`);
  const open = (options: LoadOptions = {}) => load(folder, { ...place, ...options });

  test("a text alone and in a ragged batch", async () => {
    const model = await open();
    for (const method of methods.keys()) {
      const together = await model.explain(texts, { method });
      for (const [i, text] of texts.entries()) {
        const alone = await model.explain(text, { method });
        assert.is(together[i].text, text);
        // Bitwise in the simd build: every tile adds in the same order, and padding adds zeros.
        if (place.backend === "wasm") assert.equal(together[i], alone);
        else assert.ok(apart(together[i], alone) <= 1e-6, `${method}: ${apart(together[i], alone)}`);
      }
    }
    await model.dispose();
  });

  test("batches in any order and of any size", async () => {
    const model = await open();
    const many = Array.from({ length: 19 }, (_, i) => texts[i % 3]);
    const there = await model.explain(many);
    const back = (await model.explain([...many].reverse())).reverse();
    assert.is(there.length, 19);
    for (let i = 0; i < 19; i++) assert.ok(apart(there[i], back[i]) <= (place.backend === "wasm" ? 0 : 1e-6));
    assert.equal(await model.explain([]), []);
    await model.dispose();
  });

  test("repeated runs", async () => {
    const model = await open();
    const first = await model.explain(texts[0]);
    for (let i = 0; i < 5; i++) assert.equal(await model.explain(texts[0]), first);
    await model.dispose();
  });

  test("a contrast is the difference of its classes", async () => {
    const model = await open();
    const [positive, negative, contrast] = await Promise.all([
      model.explain(texts[0], { target: "positive" }),
      model.explain(texts[0], { target: 0 }),
      model.explain(texts[0], { target: "1", contrast: "negative" }),
    ]);
    assert.is(positive.target.label, "positive");
    assert.is(negative.target.label, "negative");
    assert.is(contrast.contrast?.label, "negative");
    assert.ok(Math.abs(contrast.ledger.logit - (positive.ledger.logit - negative.ledger.logit)) < 1e-5);
    const scale = relevance(contrast).reduce((n, v) => n + Math.abs(v), 0);
    relevance(contrast).forEach((r, i) => {
      assert.ok(Math.abs(r - (relevance(positive)[i] - relevance(negative)[i])) <= 1e-5 * scale);
    });
    // With the target unsaid it is the best of the other classes.
    const unsaid = await model.explain(texts[0], { contrast: "positive" });
    assert.is(unsaid.target.label, "negative");
    await model.dispose();
  });

  test("several reading points from one run", async () => {
    const model = await open();
    const at = ["words", "embeddings", "embedding-sum"] as const;
    const one = await model.explain(texts[0], { at });
    assert.equal(
      one.map((e) => e.at),
      [...at],
    );
    for (const [i, point] of at.entries()) assert.equal(await model.explain(texts[0], { at: point }), one[i]);
    const both = await model.explain(texts.slice(0, 2), { at });
    assert.equal(both.length, 2);
    await model.dispose();
  });

  test("composites of the caller's own", async () => {
    const model = await open();
    const [own, named] = await Promise.all([
      model.explain(texts[0], { method: methods.get("cp-lrp") }),
      model.explain(texts[0]),
    ]);
    assert.is(own.method, "custom");
    assert.equal(relevance(own), relevance(named));
    const wrong: unknown[] = [
      "lrp",
      "__proto__",
      { softmax: "identity" },
      { linear: "constructor" },
      { nothing: "gradient" },
      { linear: ["epsilon", { eps: -1 }] },
      { linear: ["epsilon", { eps: "1" }] },
      3,
      null,
      [],
    ];
    for (const method of wrong) {
      if (Array.isArray(method)) continue; // an empty list is an empty composite
      assert.is(await code(model.explain("a", { method: method as string })), "InvalidOption", JSON.stringify(method));
    }
    await model.dispose();
  });

  test("wrong targets, reading points and texts", async () => {
    const model = await open();
    for (const target of ["", "Positive", "2", -1, 0.5, Number.NaN, "__proto__", "constructor"]) {
      assert.is(await code(model.explain("a", { target })), "InvalidOption", String(target));
    }
    assert.is(await code(model.explain("a", { target: 1, contrast: "positive" })), "InvalidOption");
    assert.is(await code(model.explain("a", { at: "logits" as "words" })), "InvalidOption");
    assert.is(await code(model.explain(3 as unknown as string)), "InvalidInput");
    assert.is(await code(model.explain(["a", null] as unknown as string[])), "InvalidInput");
    await model.dispose();
  });

  test("odd texts", async () => {
    const model = await open();
    const odd = [
      "",
      " \n\t ",
      "👩‍👩‍👧‍👦 🎬 ❤️",
      "فيلم جميل جدا",
      "\ud800 half \udc00 pairs",
      "<script>alert(1)</script>",
      "\u001b[31mred\u001b[0m \u0007 \u009b1m",
      "[SEP] [MASK] [CLS]",
      "a\u0000b",
      "Ünïcödé 電影 𠀀𠀁 ΟΔΟΣ",
    ];
    for (const [i, text] of odd.entries()) {
      const result = await model.explain(text);
      assert.is(result.text, text);
      const total = relevance(result).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(total - result.ledger.tokens) < 1e-5, odd[i]);
      assert.ok(Math.abs(result.ledger.residual) < 1e-5, odd[i]);
      for (const { start, end } of result.tokens) assert.ok(start === null || (start < end! && end! <= text.length));
    }
    await model.dispose();
  });

  test("a text that is too long", async () => {
    const model = await open();
    const long = "word ".repeat(10_000);
    assert.is(await code(model.explain(long)), "InputTooLong");
    assert.is(await code(model.predict(["fine", long])), "InputTooLong");
    const cut = await model.explain(long, { truncate: true });
    assert.is(cut.tokens.length, model.maxTokens);
    assert.is(cut.tokens[model.maxTokens - 1].text, "[SEP]");
    assert.match(cut.warnings.join(), "was cut to the 128");
    await model.dispose();
  });

  test("two explanations at once", async () => {
    const model = await open();
    const serial = [await model.explain(texts[0]), await model.explain(texts[3], { method: "attn-lrp" })];
    const [a, b, c] = await Promise.all([
      model.explain(texts[0]),
      model.explain(texts[3], { method: "attn-lrp" }),
      model.predict(texts[0]),
    ]);
    assert.equal([a, b], serial);
    assert.equal(c.classes, a.classes);
    await model.dispose();
  });

  test("dispose during a run", async () => {
    const model = await open();
    const expected = await model.explain(texts[0]);
    const running = model.explain(texts[0]);
    await Promise.resolve(); // the run begins
    await Promise.resolve();
    const waiting = code(model.explain(texts[1]));
    const done = model.dispose();
    assert.equal(await running, expected);
    assert.is(await waiting, "Disposed");
    await done;
    await model.dispose();
    assert.is(await code(model.explain(texts[0])), "Disposed");
    assert.is(await code(model.predict(texts[0])), "Disposed");
  });

  test("two models side by side", async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const expected = await one.explain(texts[0]);
    assert.equal(await Promise.all([one.explain(texts[0]), two.explain(texts[0])]), [expected, expected]);
    await one.dispose();
    assert.equal(await two.explain(texts[0]), expected);
    await two.dispose();
  });

  test("aborted calls", async () => {
    const model = await open();
    const abort = new AbortController();
    const running = model.explain(texts[0]);
    const waiting = code(model.explain(texts[0], { signal: abort.signal }));
    abort.abort();
    assert.is(await waiting, "Aborted");
    const expected = await running;
    assert.equal(await model.explain(texts[0]), expected);
    await model.dispose();
  });

  test.run();
}

const test = suite("loading");

test("every kind of source gives the same model", async () => {
  const files = names.map((name) => new File([new Uint8Array(buffers()[name])], name));
  const path = decodeURIComponent(folder.pathname);
  const sources = [folder, path, path.slice(0, -1), buffers(), files];
  const results = [];
  for (const source of sources) {
    const model = await load(source, { backend: "wasm", name: "m" });
    results.push(await model.explain(texts[0]));
    await model.dispose();
  }
  for (const result of results) assert.equal(result, results[0]);
});

test("progress", async () => {
  const seen = new Map<string, number>();
  const model = await load(folder, {
    backend: "wasm",
    onProgress: ({ file, loaded, total }) => {
      assert.ok(loaded > (seen.get(file) ?? 0) && loaded <= total!);
      seen.set(file, loaded);
    },
  });
  assert.equal([...seen.keys()].sort(), [...names].sort());
  await model.dispose();
});

test("an abort at any point of a load", async () => {
  assert.is(await code(load(folder, { signal: AbortSignal.abort() })), "Aborted");
  for (let after = 1; after < 60; after += 7) {
    const abort = new AbortController();
    let calls = 0;
    const onProgress = () => {
      if (++calls === after) abort.abort();
    };
    const outcome = await code(
      load(folder, { backend: "wasm", signal: abort.signal, onProgress }).then((model) => model.dispose()),
    );
    assert.is(outcome, calls >= after ? "Aborted" : "none", `after ${after} of ${calls}`);
  }
});

test("what is missing", async () => {
  assert.is(await code(load(new URL("nowhere/", folder))), "MissingFile");
  for (const [name, expected] of [
    ["config.json", "MissingFile"],
    ["tokenizer.json", "MissingFile"],
    ["model.safetensors", "MissingFile"],
    ["tokenizer_config.json", "none"],
  ]) {
    const { [name]: _, ...rest } = buffers();
    assert.is(await code(load(rest, { backend: "wasm" }).then((model) => model.dispose())), expected, name);
  }
  for (const source of [3, null, undefined, true]) {
    assert.is(await code(load(source as unknown as string)), "InvalidInput", String(source));
  }
});

/** The shipped model with a changed config. */
const withConfig = (change: Record<string, unknown>) => {
  const files = buffers();
  const config = { ...JSON.parse(new TextDecoder().decode(files["config.json"])), ...change };
  return load({ ...files, "config.json": JSON.stringify(config) }, { backend: "wasm" }).then((m) => m.dispose());
};

test("configs that cannot be", async () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ model_type: "gpt2" }, "ConfigUnsupported"],
    [{ model_type: "constructor" }, "ConfigUnsupported"],
    [{ model_type: undefined }, "ConfigUnsupported"],
    [{ hidden_act: "constructor" }, "ConfigUnsupported"],
    [{ hidden_act: "mish" }, "ConfigUnsupported"],
    [{ position_embedding_type: "relative_key" }, "ConfigUnsupported"],
    [{ is_decoder: true }, "ConfigUnsupported"],
    [{ problem_type: "multi_label_classification" }, "ConfigUnsupported"],
    [{ hidden_size: 2 ** 31 }, "ConfigMismatch"],
    [{ vocab_size: 1e12 }, "ConfigMismatch"],
    [{ max_position_embeddings: 512 }, "ConfigMismatch"],
    [{ intermediate_size: 513 }, "ConfigMismatch"],
    [{ num_attention_heads: 3 }, "ConfigMismatch"],
    [{ num_attention_heads: 0 }, "ConfigInvalid"],
    [{ num_attention_heads: 2.5 }, "ConfigInvalid"],
    [{ num_attention_heads: "4" }, "ConfigInvalid"],
    [{ num_hidden_layers: 1e9 }, "LimitExceeded"],
    [{ num_hidden_layers: 4 }, "MissingTensor"],
    [{ num_hidden_layers: -1 }, "ConfigInvalid"],
    [{ layer_norm_eps: 0 }, "ConfigInvalid"],
    [{ layer_norm_eps: -1e-12 }, "ConfigInvalid"],
    [{ layer_norm_eps: "1e-12" }, "ConfigInvalid"],
    [{ layer_norm_eps: null }, "ConfigInvalid"],
    [{ id2label: { 0: "a" } }, "ConfigMismatch"],
    [{ id2label: { 0: "a", 2: "b" } }, "ConfigInvalid"],
    [{ id2label: { 0: "a", 1: 3 } }, "ConfigInvalid"],
    [{ id2label: [] }, "ConfigInvalid"],
    [{ id2label: undefined, label2id: undefined }, "none"],
    [{ auto_map: { AutoModel: "evil.py" }, torch_dtype: "x" }, "none"],
  ];
  for (const [change, expected] of cases) assert.is(await code(withConfig(change)), expected, JSON.stringify(change));
  const bad: [Uint8Array | string, string][] = [
    ["", "ConfigInvalid"],
    ["[]", "ConfigInvalid"],
    ["null", "ConfigInvalid"],
    ["{", "ConfigInvalid"],
    ["<!doctype html>", "ConfigInvalid"],
    [new Uint8Array([0x7b, 0xff, 0x7d]), "ConfigInvalid"],
    [`{"a":"${"x".repeat(2 ** 20)}"}`, "LimitExceeded"],
  ];
  for (const [config, expected] of bad) {
    assert.is(await code(load({ ...buffers(), "config.json": config })), expected, String(config).slice(0, 20));
  }
});

test("shards", async () => {
  const whole = buffers();
  const { "model.safetensors": bytes, ...rest } = whole;
  const { shards, map } = split(bytes);
  const index = (weight_map: unknown) => JSON.stringify({ metadata: {}, weight_map });
  const name = "model.safetensors.index.json";
  const model = await load({ ...rest, ...shards, [name]: index(map) }, { backend: "wasm", name: "m" });
  const single = await load(whole, { backend: "wasm", name: "m" });
  assert.equal(await model.explain(texts[0]), await single.explain(texts[0]));
  await model.dispose();
  await single.dispose();

  const first = Object.keys(map)[0];
  const wrong: [unknown, string][] = [
    [undefined, "IndexInvalid"],
    [[], "IndexInvalid"],
    [{ ...map, [first]: "b.safetensors" }, "IndexInvalid"],
    [{ ...map, more: "a.safetensors" }, "IndexInvalid"],
    [Object.fromEntries(Object.entries(map).slice(1)), "IndexInvalid"],
    [{ ...map, [first]: "c.safetensors" }, "MissingFile"],
    [Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`t${i}`, `${i}.safetensors`])), "LimitExceeded"],
  ];
  for (const evil of [
    "../a.safetensors",
    "/etc/passwd",
    "//evil/a.safetensors",
    "a/../b.safetensors",
    "\\\\evil\\a.safetensors",
    "https://evil/a.safetensors",
    "%2e%2e/a.safetensors",
    "a.safetensors?x",
    "a.safetensors#",
    "a.bin",
    ".safetensors",
    "",
    "C:a.safetensors",
    "a\u0000.safetensors",
    3,
    null,
    {},
  ]) {
    wrong.push([{ ...map, [first]: evil }, "UnsafePath"]);
  }
  for (const [weightMap, expected] of wrong) {
    const load_ = load({ ...rest, ...shards, [name]: index(weightMap) }, { backend: "wasm" });
    assert.is(await code(load_.then((m) => m.dispose())), expected, String(JSON.stringify(weightMap)).slice(0, 80));
  }
});

/** The tensors of a file dealt out to two shards. */
function split(bytes: Uint8Array) {
  const tensors = [...unpack(bytes)];
  const part = (i: number) => pack(tensors.filter((_, n) => n % 2 === i));
  const map = Object.fromEntries(tensors.map(([name], n) => [name, `${"ab"[n % 2]}.safetensors`]));
  return { shards: { "a.safetensors": part(0), "b.safetensors": part(1) }, map };
}

/** The shipped model with changed tensors. */
async function withTensors(change: (name: string, stored: Stored) => Stored, options: LoadOptions = {}) {
  const files = buffers();
  const tensors = [...unpack(files["model.safetensors"])].map(([name, stored]): [string, Stored] => {
    return [name, change(name, stored)];
  });
  return load({ ...files, "model.safetensors": pack(tensors) }, { backend: "wasm", name: "m", ...options });
}

test("a wider dtype changes nothing", async () => {
  const expected = await explained(withTensors((_, stored) => stored));
  for (const dtype of ["F32", "F64"] as const) {
    const wider = withTensors((_, { shape, bytes, dtype: from }) => {
      return { shape, dtype, bytes: encoded(widen(bytes as Uint8Array<ArrayBuffer>, from), dtype) };
    });
    assert.equal(await explained(wider), expected, dtype);
  }
});

async function explained(loading: Promise<Model>): Promise<Explanation[]> {
  const model = await loading;
  const results = await model.explain(texts);
  await model.dispose();
  return results;
}

for (const place of places) {
  test(`without biases cp-lrp gives the whole logit to the tokens, on ${place.backend}`, async () => {
    const zeroed = (name: string, stored: Stored) => {
      return name.endsWith(".bias") ? { ...stored, bytes: new Uint8Array(stored.bytes.length) } : stored;
    };
    const model = await withTensors(zeroed, place);
    for (const at of ["embeddings", "embedding-sum"] as const) {
      for (const { ledger, ...rest } of await model.explain(texts, { at })) {
        const size = relevance(rest as Explanation).reduce((n, v) => n + Math.abs(v), 0);
        assert.ok(Math.abs(ledger.tokens - ledger.logit) <= 1e-5 * size, `${at}: ${ledger.tokens} of ${ledger.logit}`);
      }
    }
    await model.dispose();
  });
}

test("weights that are no numbers, of the wrong kind or the wrong shape", async () => {
  const of = (wanted: string, change: (stored: Stored) => Stored) => {
    return code(withTensors((name, stored) => (name === wanted ? change(stored) : stored)).then((m) => m.dispose()));
  };
  const nan = (stored: Stored) => {
    const bytes = stored.bytes.slice();
    bytes.set([0x00, 0x7e], 6); // an f16 NaN
    return { ...stored, bytes };
  };
  const words = "bert.embeddings.word_embeddings.weight";
  const query = "bert.encoder.layer.1.attention.self.query.weight";
  for (const name of [words, query]) {
    assert.is(await of(name, nan), "NonFiniteWeights", name);
    assert.is(await of(name, (stored) => ({ ...stored, dtype: "I16" })), "UnexpectedDtype", name);
  }
  const reshaped = (stored: Stored) => ({ ...stored, shape: [64, 256] });
  assert.is(await of(query, reshaped), "UnexpectedShape");
  assert.is(await of("bert.pooler.dense.bias", (stored) => ({ ...stored, shape: [2, 64] })), "UnexpectedShape");
  assert.is(await of("classifier.weight", (stored) => ({ ...stored, shape: [256] })), "UnexpectedShape");
});

test("tensors that are missing or more than needed", async () => {
  const files = buffers();
  const all = [...unpack(files["model.safetensors"])];
  const without = (name: string) => {
    const file = pack(all.filter(([other]) => other !== name));
    return load({ ...files, "model.safetensors": file }, { backend: "wasm" }).then((model) => model.dispose());
  };
  assert.is(await code(without("classifier.weight")), "MissingTensor");
  assert.is(await code(without("bert.embeddings.LayerNorm.bias")), "MissingTensor");
  assert.is(await code(without("bert.encoder.layer.2.output.dense.weight")), "MissingTensor");
  assert.is(await code(without("bert.encoder.layer.2.output.dense.bias")), "none"); // a bias exists if the file has one

  const extra: [string, Stored] = [
    "bert.embeddings.position_ids",
    { dtype: "I64", shape: [1], bytes: new Uint8Array(8) },
  ];
  const model = await load({ ...files, "model.safetensors": pack([...all, extra]) }, { backend: "wasm" });
  assert.equal(model.unused, [extra[0]]);
  await model.dispose();
});

test("backends that are not there", async () => {
  assert.is(await code(load(folder, { backend: "cuda" as "wasm" })), "InvalidOption");
  const none = { requestAdapter: async () => null } as unknown as GPU;
  assert.is(await code(load(folder, { backend: "webgpu", gpu: none })), "GpuUnavailable");
  const model = await load(folder, { backend: "auto", gpu: none });
  assert.is(model.backend, "wasm");
  assert.match(model.backendReason!, "no GPU");
  await model.dispose();
});

test.run();
