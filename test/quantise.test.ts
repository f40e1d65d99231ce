// Our own quantisation: `load(…, { quantize })`, and `relprop quantize` with the files it writes.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decoded } from "../src/checkpoint/quantised/decoded.ts";
import { quantise } from "../src/checkpoint/quantised/quantise.ts";
import { quantising } from "../src/checkpoint/quantised/scheme.ts";
import { readTensor } from "../src/checkpoint/safetensors.ts";
import { tensors } from "../src/checkpoint/tensors.ts";
import { quantize } from "../src/cli/quantize.ts";
import { load } from "../src/runtime/load.ts";
import { encoded, pack, unpack } from "./checkpoint.ts";
import { decoders, files } from "./decoders.ts";
import { random } from "./support.ts";

const SST2 = fileURLToPath(new URL("../models/sst2-tiny/", import.meta.url));
const TEXT = "A gorgeous, witty, seductive movie.";
const folder = mkdtempSync(join(tmpdir(), "relprop-quantise-"));

const test = suite("our own quantisation");

/** A file's matrices by name, decoded. */
async function matrices(at: string) {
  const bytes = new Uint8Array(readFileSync(join(at, "model.safetensors")));
  const file = { size: bytes.length, read: async (start: number, end: number) => bytes.slice(start, end) };
  const config = JSON.parse(readFileSync(join(at, "config.json"), "utf8"));
  const stored = await tensors(file, at);
  return { config, bytes, found: config.quantization_config ? await decoded(stored, config) : stored };
}

for (const to of ["int8", "int4"] as const) {
  test(`${to}: what is written loads to the bits of what is quantised as it is loaded`, async () => {
    const out = join(folder, to);
    const told: number[][] = [];
    await quantize(SST2, out, to, (...counts) => void told.push(counts));
    const count = told.length;
    assert.equal(told.at(-1), [count, count]);
    const [plain, written, made] = await Promise.all([matrices(SST2), matrices(out), load(out, { backend: "wasm" })]);
    const loaded = await load(SST2, { backend: "wasm", quantize: to });
    const ask = { method: "attn-lrp" } as const;
    const [one, other] = [await made.explain(TEXT, ask), await loaded.explain(TEXT, ask)];
    assert.equal(one.tokens, other.tokens);
    assert.equal(one.classes, other.classes);
    assert.equal(one.ledger, other.ledger);
    assert.equal(
      made.tensors.filter(({ dtype }) => /^int/.test(dtype)).length,
      loaded.tensors.filter(({ dtype }) => /^int/.test(dtype)).length,
    );

    // Each 32 of a row: no number is further away than half a step, but those that a smaller step cuts off.
    let matricesSeen = 0;
    for (const [name, { info, quantised }] of written.found) {
      const original = plain.found.get(name)!;
      const [x, y] = [
        await readTensor(original.file, original.info),
        await readTensor(written.found.get(name)!.file, info),
      ];
      if (!quantised) {
        assert.equal(y, x, name);
        continue;
      }
      matricesSeen++;
      const four = to === "int4" && !/word_embeddings/.test(name);
      let [mine, simple, worst] = [0, 0, 0];
      for (let g = 0; g < x.length; g += 32 * 5) {
        let most = 0;
        for (let i = g; i < g + 32; i++) most = Math.max(most, Math.abs(x[i]));
        const step = most / (four ? 7 : 127);
        const allowed = most * (four ? 0.18 : 0.5 / 126.9) + 2 ** -25;
        for (let i = g; i < g + 32; i++) {
          worst = Math.max(worst, Math.abs(x[i] - y[i]) / allowed);
          mine += (x[i] - y[i]) ** 2;
          simple += step && (x[i] - step * Math.round(x[i] / step)) ** 2;
        }
      }
      assert.ok(worst <= 1, `${name}: ${worst} of what rounding may change`);
      assert.ok(mine <= 1.01 * simple, `${name}: ${mine} against ${simple} of the largest by the largest code`);
    }
    assert.is(matricesSeen, made.tensors.filter(({ dtype }) => /^int/.test(dtype)).length);
    assert.ok(matricesSeen > 10);
    const { ignore } = written.config.quantization_config;
    assert.ok(
      ignore.includes("bert.embeddings.position_embeddings") && !ignore.includes("bert.embeddings.word_embeddings"),
    );
    await Promise.all([made.dispose(), loaded.dispose()]);
  });
}

test("a head that shares the words' matrix is written apart, with its own bits", async () => {
  const one = decoders.find(({ name }) => name === "llama, no biases, tied (5)")!;
  const given = files(one);
  const [rows, width] = [128, 64];
  const config = { ...JSON.parse(given["config.json"] as string) };
  Object.assign(config, {
    hidden_size: width,
    head_dim: 16,
    vocab_size: rows,
    intermediate_size: 64,
    num_hidden_layers: 1,
  });
  const matrix = (seed: number, out: number, wide: number) => ({
    dtype: "F32",
    shape: [out, wide],
    bytes: encoded(random(out * wide, seed), "F32"),
  });
  const ones = { dtype: "F32", shape: [width], bytes: encoded(new Float32Array(width).fill(1), "F32") };
  const layer = "model.layers.0.";
  const all = new Map([
    ["model.embed_tokens.weight", matrix(1, rows, width)],
    ["model.norm.weight", ones],
    [`${layer}input_layernorm.weight`, ones],
    [`${layer}post_attention_layernorm.weight`, ones],
    ...["q", "k", "v", "o"].map((name, i) => {
      const out = name === "k" || name === "v" ? 32 : width;
      return [`${layer}self_attn.${name}_proj.weight`, matrix(i + 2, out, width)] as const;
    }),
    ...["gate", "up", "down"].map((name, i) => [`${layer}mlp.${name}_proj.weight`, matrix(i + 7, 64, 64)] as const),
  ]);
  const from = mkdtempSync(join(folder, "tied-"));
  writeFileSync(join(from, "config.json"), JSON.stringify(config));
  writeFileSync(join(from, "model.safetensors"), new Uint8Array(await pack(all).arrayBuffer()));
  for (const name of ["tokenizer.json", "tokenizer_config.json"] as const) {
    writeFileSync(join(from, name), given[name] as string);
  }
  const out = join(folder, "tied-int4");
  await quantize(from, out, "int4");
  const { config: written, bytes } = await matrices(out);
  assert.is(written.tie_word_embeddings, false);
  const kinds = new Map([...unpack(bytes)].map(([name, { dtype }]) => [name, dtype]));
  assert.is(kinds.get("model.embed_tokens.weight"), "I8");
  assert.is(kinds.get("lm_head.weight_packed"), "I32");
  const [made, loaded] = [
    await load(out, { backend: "wasm" }),
    await load(from, { backend: "wasm", quantize: "int4" }),
  ];
  const [a, b] = [await made.explain("the sea sings"), await loaded.explain("the sea sings")];
  assert.equal(a.tokens, b.tokens);
  assert.equal(a.classes, b.classes);
  await Promise.all([made.dispose(), loaded.dispose()]);
});

test("a scale is the nearest F16 that is not beyond what F16 holds", () => {
  const f16 = (code: number) => {
    const [e, m] = [code >> 10, code & 1023];
    return e ? (1 + m / 1024) * 2 ** (e - 15) : m * 2 ** -24;
  };
  for (let i = 0; i < 300; i++) {
    const x = random(32, i + 1).map((value) => value * 2 ** ((i % 50) - 30));
    const most = Math.max(...x.map(Math.abs));
    const [code] = quantise(x, 8, "x", 0).scales;
    const off = (code: number) => Math.abs(f16(code) - most / 127);
    assert.ok(off(code) <= Math.min(off(code + 1), off(Math.max(0, code - 1))), `${most}: ${code}`);
  }
  for (const large of [8.4e6, 1e8, 1e18, 3e38]) {
    for (const bits of [8, 4] as const) {
      assert.throws(
        () => quantise(new Float32Array(32).fill(large), bits, "x", 0),
        ({ code }: { code: string }) => code === "LimitExceeded",
        `${large}`,
      );
    }
  }
  assert.equal(quantise(new Float32Array(32), 4, "x", 0).codes, new Int8Array(32));
});

test("what a process of the same id left is not in the way, and stays", async () => {
  const out = join(folder, "beside");
  const left = `${out}.${process.pid}.part`;
  mkdirSync(left);
  await quantize(SST2, out, "int8");
  assert.ok(readdirSync(out).includes("tokenizer.json"));
  assert.ok(readdirSync(folder).includes(`beside.${process.pid}.part`));
  await quantize(SST2, join(out, "inside"), "int8"); // a folder in a model's
});

test("nothing is overwritten, and of what fails nothing is left", async () => {
  const refused = async (from: string, out: string, code: string, message: RegExp, given?: AbortSignal) => {
    const before = readdirSync(folder);
    const error = await quantize(from, out, "int8", undefined, given).then(
      () => assert.unreachable(`${out} is written`),
      (error) => error,
    );
    assert.is(error.code, code, error.message);
    assert.match(error.message, message);
    assert.equal(readdirSync(folder), before);
  };
  const there = mkdtempSync(join(folder, "there-"));
  await refused(SST2, there, "InvalidOption", /is there already/);
  await refused(SST2, join(folder, "no", "such"), "InvalidOption", /cannot be written/);
  await refused(join(folder, "int8"), join(folder, "again"), "ConfigUnsupported", /quantised already/);
  await refused(SST2, join(folder, "stopped"), "Aborted", /./, AbortSignal.abort());

  const broken = mkdtempSync(join(folder, "broken-"));
  const all = unpack(new Uint8Array(readFileSync(join(SST2, "model.safetensors"))));
  const last = [...all].filter(([name]) => /layer.*dense\.weight/.test(name)).at(-1)!;
  new DataView(last[1].bytes.buffer).setUint16(64, 0x7c00, true); // an infinity in F16
  writeFileSync(join(broken, "model.safetensors"), new Uint8Array(await pack(all).arrayBuffer()));
  writeFileSync(join(broken, "config.json"), readFileSync(join(SST2, "config.json")));
  await refused(broken, join(folder, "from-broken"), "NonFiniteWeights", /holds Infinity at 32/);
});

test("tables are of words or stay as they are, heads are quantised whatever they are called", () => {
  const file = { size: 12800, read: async () => new Uint8Array() };
  const info = (name: string) => ({ name, dtype: "F16", shape: [100, 64], start: 0, end: 12800 });
  const bits = (names: string[], architecture: string) => {
    const stored = new Map(names.map((name) => [name, { file, info: info(name) }]));
    const { targets } = quantising(stored, { architectures: [architecture] }, "int4", false);
    return targets.map(({ bits }) => bits);
  };
  const neox = ["gpt_neox.embed_in.weight", "embed_out.weight", "gpt_neox.layers.0.attention.dense.weight"];
  assert.equal(bits(neox, "GPTNeoXForCausalLM"), [8, 4, 4]);
  const bert = ["embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight", "pooler.dense.weight"];
  assert.equal(bits(bert, "BertModel"), [8, undefined, 4]);
});

test("load() refuses other words, and a checkpoint that is quantised already", async () => {
  const error = async (from: string, quantize: string) =>
    load(from, { backend: "wasm", quantize: quantize as "int8" }).then(
      () => "loads",
      ({ code, message }) => `${code} ${message}`,
    );
  assert.match(await error(SST2, "int2"), /^InvalidOption .*quantize/);
  assert.match(await error(join(folder, "int8"), "int4"), /^ConfigUnsupported .*quantization_config/);
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
