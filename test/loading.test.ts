// Every kind of source, and checkpoints that are sharded, widened, incomplete or wrong.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { widen } from "../src/checkpoint/dtypes.ts";
import type { Explanation } from "../src/explain/explanation.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import type { LoadOptions } from "../src/runtime/options.ts";
import { encoded, pack, type Stored, unpack } from "./checkpoint.ts";
import { buffers, code, folder, names, size, texts } from "./shipped.ts";
import { findDevice, places } from "./support.ts";

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
    [{ model_type: "mamba" }, "ConfigUnsupported"],
    [{ model_type: "gpt2" }, "MissingTensor"],
    [{ architectures: ["BertForNextSentencePrediction"] }, "MissingTensor"],
    [{ architectures: ["BertLMHeadModel"] }, "ConfigUnsupported"],
    [{ architectures: ["BertForQuestionAnswering"] }, "MissingTensor"],
    [{ model_type: "constructor" }, "ConfigUnsupported"],
    [{ model_type: undefined }, "ConfigUnsupported"],
    [{ hidden_act: "constructor" }, "ConfigUnsupported"],
    [{ hidden_act: "prelu" }, "ConfigUnsupported"],
    [{ position_embedding_type: "relative_key" }, "MissingTensor"],
    [{ is_decoder: true }, "none"],
    [{ add_cross_attention: true }, "ConfigUnsupported"],
    [{ problem_type: "multi_label_classification" }, "none"],
    [{ problem_type: "ranking" }, "ConfigUnsupported"],
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
    [{ ...map, more: "a.safetensors" }, "none"],
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
        assert.ok(
          Math.abs(ledger.tokens - ledger.logit) <= 1e-5 * size(rest),
          `${at}: ${ledger.tokens} of ${ledger.logit}`,
        );
      }
    }
    await model.dispose();
  });
}

test("weights that are no numbers, of the wrong kind or the wrong shape", async () => {
  const of = (wanted: string, change: (stored: Stored) => Stored) => {
    return code(withTensors((name, stored) => (name === wanted ? change(stored) : stored)).then((m) => m.dispose()));
  };
  const nan = (index: number) => (stored: Stored) => {
    const bytes = stored.bytes.slice();
    bytes.set([0x00, 0x7e], 2 * index); // an f16 NaN
    return { ...stored, bytes };
  };
  const words = "bert.embeddings.word_embeddings.weight";
  const query = "bert.encoder.layer.1.attention.self.query.weight";
  for (const name of [words, query]) {
    for (const index of [0, 3, 128 * 128 - 1]) {
      assert.is(await of(name, nan(index)), "NonFiniteWeights", `${name}[${index}]`);
    }
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
  const empty = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  assert.is(await code(load(folder, { backend: "wasm", wasm: empty })), "WasmUnavailable");
  assert.is(await code(load(folder, { backend: "cuda" as "wasm" })), "InvalidOption");
  const refuses = async () => {
    throw new TypeError("not today");
  };
  const limits = { maxBufferSize: 1, maxStorageBufferBindingSize: 1 };
  const broken: [Partial<Record<keyof GPU, unknown>>, RegExp][] = [
    [{ requestAdapter: async () => null }, /no GPU/],
    [{ requestAdapter: refuses }, /not today/],
    [{ requestAdapter: async () => ({ limits, requestDevice: refuses }) }, /not today/],
  ];
  for (const [gpu, reason] of broken) {
    assert.is(await code(load(folder, { backend: "webgpu", gpu: gpu as GPU })), "GpuUnavailable");
    const model = await load(folder, { backend: "auto", gpu: gpu as GPU });
    assert.is(model.backend, "wasm");
    assert.match(model.fallbackReason!, reason);
    await model.dispose();
  }
  const software = { limits, info: { isFallbackAdapter: true }, requestDevice: refuses };
  const model = await load(folder, { gpu: { requestAdapter: async () => software } as unknown as GPU });
  assert.match(model.fallbackReason!, /software/);
  await model.dispose();
});

if (globalThis.process?.versions?.node && !globalThis.navigator?.gpu) {
  test("the package `webgpu`: found when asked for, and only then", async () => {
    const auto = await load(folder);
    assert.is(auto.backend, "wasm");
    assert.match(auto.fallbackReason!, /backend: "webgpu" uses the package `webgpu`/);
    await auto.dispose();
    if (!places.some(({ backend }) => backend === "webgpu")) return console.log("no adapter here to find");
    const found = await load(folder, { backend: "webgpu" });
    assert.is(found.backend, "webgpu");
    await found.dispose();
  });
}

for (const { device } of places) {
  if (!device) continue;
  test("a GPU too small for the model gives way to WASM", async () => {
    const limits = { ...device.limits, maxBufferSize: 1024, maxStorageBufferBindingSize: 1024 };
    for (const name of ["minUniformBufferOffsetAlignment", "maxComputeWorkgroupsPerDimension"] as const) {
      Object.assign(limits, { [name]: device.limits[name] });
    }
    const small = new Proxy(device, {
      get(target, name) {
        const value = name === "limits" ? limits : Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    assert.is(await code(load(folder, { backend: "webgpu", device: small })), "GpuLimits");
    const model = await load(folder, { backend: "auto", device: small });
    assert.is(model.backend, "wasm");
    assert.match(model.fallbackReason!, /1024/);
    await model.explain(texts[0]);
    await model.dispose();
  });

  test("a GPU that is lost", async () => {
    const own = await findDevice();
    const model = await load(folder, { backend: "webgpu", device: own });
    await model.explain(texts[0]);
    const running = code(model.explain(texts[3]));
    own!.destroy();
    assert.ok(["DeviceLost", "none"].includes(await running));
    assert.is(await code(model.explain(texts[0])), "DeviceLost", "a device of the caller's is not replaced");
    await model.dispose();
    const again = await load(folder, { backend: "webgpu", device });
    await again.explain(texts[0]);
    await again.dispose();
  });
}

test.run();
