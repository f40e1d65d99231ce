// The logit lens: at each layer what the model predicts that ends there, bit for bit on WASM; the head restated in float64; what
// is refused.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { widen } from "../src/checkpoint/dtypes.ts";
import type { Source } from "../src/checkpoint/sources.ts";
import type { Lens } from "../src/diagnose/lens.ts";
import { lensTable } from "../src/render/lens.ts";
import { load } from "../src/runtime/load.ts";
import { unpack } from "./checkpoint.ts";
import { decoders, files } from "./decoders.ts";
import { close, places } from "./support.ts";

const folder = (name: string) => ({
  "config.json": readFileSync(new URL(`reference/families/${name}/config.json`, import.meta.url), "utf8"),
  "tokenizer.json": readFileSync(new URL(`reference/families/${name}/tokenizer.json`, import.meta.url), "utf8"),
  "model.safetensors": new Uint8Array(
    readFileSync(new URL(`reference/families/${name}/model.safetensors`, import.meta.url)),
  ),
});

type Files = Record<"config.json", string> & Record<string, string | Uint8Array>;
interface Subject {
  name: string;
  given: Files;
  text: string;
}

/** Every family that continues texts, as transformers 5 writes it, and masked ones. */
const subjects: Subject[] = [
  ...decoders
    .filter(({ name, config }) => /^\w+ \(5\)$/.test(name) && /CausalLM|Generation/.test(String(config.architectures)))
    .map((one): Subject => ({ name: one.name, given: files(one) as Files, text: one.cases[0].text! })),
  { name: "gpt2", given: folder("gpt2-lm"), text: "the sea sings" },
  { name: "bert", given: folder("bert-mlm"), text: "the [MASK] sings to the [MASK]" },
  { name: "modernbert", given: folder("modernbert-mlm"), text: "the [MASK] sings" },
];

/** The same model without its last blocks. */
function shorter({ given }: Subject, blocks: number): Source {
  const config = JSON.parse(given["config.json"]);
  const kinds = config.layer_types && { layer_types: config.layer_types.slice(0, blocks) };
  const field = ["num_hidden_layers", "n_layer"].filter((name) => name in config);
  const fewer = Object.fromEntries(field.map((name) => [name, blocks]));
  return { ...given, "config.json": JSON.stringify({ ...config, ...kinds, ...fewer }) } as Source;
}

for (const place of places) {
  const test = suite(`the logit lens on ${place.backend}`);
  const options = { ...place, deterministic: true };
  const some = place.backend === "wasm" ? subjects : subjects.filter(({ name }) => /^(gemma2|bert|olmoe)/.test(name));

  for (const one of some) {
    test(`${one.name}: a layer says what the model that ends there predicts`, async () => {
      const model = await load(one.given as Source, options);
      const { positions, tokens } = await model.lens(one.text, { top: 10 });
      const [{ layers, token }] = positions;
      const masked = tokens.findIndex(({ text }) => text === "[MASK]");
      assert.is(token, masked < 0 ? tokens.length - 1 : masked);
      for (let blocks = layers.length - 1; blocks > 0; blocks--) {
        const whole = blocks === layers.length - 1;
        const ending = whole ? model : await load(shorter(one, blocks), options);
        const { classes } = await ending.predict(one.text);
        // On a GPU a dense layer of fewer rows may add up in another order.
        if (whole || place.backend === "wasm") assert.equal(layers[blocks].classes, classes, `after ${blocks} blocks`);
        else {
          close(
            layers[blocks].classes.map(({ logit }) => logit),
            classes.map(({ logit }) => logit),
            1e-5,
            `${blocks}`,
          );
        }
        if (!whole) await ending.dispose();
      }
      const last = layers[layers.length - 1];
      assert.equal(last.target, { ...last.classes[0], rank: 1 }, "by default the prediction is followed");
      JSON.parse(JSON.stringify(positions));

      // All at once, in whichever runs, are each by itself; another class is followed.
      const all = await model.lens([one.text], { tokens: "all", top: 2, target: 3 });
      assert.equal(
        all[0].positions.map(({ token }) => token),
        [...tokens.keys()],
      );
      const everything = await model.lens(one.text, { top: 1e6 });
      const again = all[0].positions[token].layers;
      for (const [i, { classes, target }] of again.entries()) {
        assert.equal(classes, layers[i].classes.slice(0, 2));
        assert.is(target.index, 3);
        const better = everything.positions[0].layers[i].classes;
        assert.is(better[target.rank - 1].index, 3);
        assert.equal(better.slice(0, 10), layers[i].classes);
      }
      await model.dispose();
    });
  }

  test("the head, restated in float64, of word vectors: Gemma 2's norm, caps and scale, Llama's own matrix", async () => {
    for (const name of ["llama (5)", "gemma2 (5)"]) {
      const one = subjects.find((subject) => subject.name === name)!;
      const config = JSON.parse(one.given["config.json"]);
      const weights = unpack(one.given["model.safetensors"] as Uint8Array);
      const tensor = (name: string) => {
        const { dtype, bytes } = weights.get(name)!;
        return Float64Array.from(widen(bytes as Uint8Array<ArrayBuffer>, dtype));
      };
      const model = await load(one.given as Source, options);
      const { tokens, positions } = await model.lens(one.text, { top: 1e6 });
      const d = config.hidden_size;
      const gemma = name.startsWith("gemma");
      const words = tensor("model.embed_tokens.weight");
      const scale = gemma ? Math.fround(Math.sqrt(d)) : 1;
      const id = tokens[tokens.length - 1].id;
      const x = words.slice(id * d, (id + 1) * d).map((v) => v * scale);
      const deviation = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / d + config.rms_norm_eps);
      const y = tensor("model.norm.weight").map((w, i) => (x[i] / deviation) * (gemma ? 1 + w : w));
      const matrix = weights.has("lm_head.weight") ? tensor("lm_head.weight") : words;
      const cap = config.final_logit_softcapping;
      const logits = Array.from({ length: config.vocab_size }, (_, c) => {
        const z = y.reduce((sum, v, i) => sum + v * matrix[c * d + i], 0);
        return cap ? cap * Math.tanh(z / cap) : z;
      });
      const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
      for (const { index, logit, probability } of positions[0].layers[0].classes) {
        assert.ok(Math.abs(logit - logits[index]) < 1e-5, `${name}: ${logit} for ${logits[index]}`);
        assert.ok(Math.abs(probability! - Math.exp(logits[index]) / total) < 1e-6);
      }
      await model.dispose();
    }
  });

  test("refused: a head without a vocabulary, a token that is not there, options that are none", async () => {
    const classifier = await load(new URL("../models/sst2-tiny/", import.meta.url), place);
    const refused = async (lens: Promise<unknown>, message: RegExp) => {
      const error = await lens.then(
        () => assert.unreachable(String(message)),
        (error) => error,
      );
      assert.is(error.code, "InvalidOption", error.message);
      assert.match(error.message, message);
    };
    await refused(classifier.lens("good"), /a vocabulary; this model's task is sequence-classification/);
    await classifier.dispose();
    const model = await load(subjects[0].given as Source, place);
    await refused(model.lens("the sea", { tokens: [0, 99] }), /there is no token "?99"?; this text has 0 to /);
    await refused(model.lens("the sea", { tokens: [] }), /tokens/);
    await refused(model.lens("the sea", { top: 0 }), /top/);
    await refused(model.lens("the sea", { layers: true } as never), /layers/);
    await refused(model.lens("the sea", { target: "no such piece" }), /no such piece/);
    await model.dispose();
  });

  test.run();
}

const test = suite("a lens's table");

test("one row a layer, strange pieces made visible", () => {
  const of = (label: string, logit: number) => ({ index: 0, label, logit, probability: 0.5 });
  const lens: Lens = {
    text: "a",
    model: "m",
    backend: "wasm",
    tokens: [{ text: "a", id: 1, start: 0, end: 1, special: false } as never],
    positions: [
      {
        token: 0,
        layers: [
          { classes: [of("x\u001b[2J", 1), of("y", 0)], target: { ...of("z", -1), rank: 3 } },
          { classes: [of("z", 2), of("y", 0)], target: { ...of("z", 2), rank: 1 } },
        ],
      },
    ],
    warnings: ["a warning"],
  };
  const lines = lensTable(lens).split("\n");
  assert.not.ok(lensTable(lens).includes("\u001b"));
  assert.match(lines.find((line) => line.startsWith("after"))!, /rank of z/);
  assert.is(lines.filter((line) => /^(embeddings|block)/.test(line)).length, 2);
  assert.match(lensTable(lens), /a warning/);
  assert.throws(() => lensTable({} as never), /a lens/);
});

test.run();
