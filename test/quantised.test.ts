// Checkpoints that formats' own libraries have quantised (reference/quantised.py): the bits of decoded weights, and what
// transformers makes of the network that has them.

import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decoded } from "../src/checkpoint/quantised/decoded.ts";
import { readBytes } from "../src/checkpoint/safetensors.ts";
import { tensors } from "../src/checkpoint/tensors.ts";
import { familyOf } from "../src/models/architecture.ts";
import { load } from "../src/runtime/load.ts";
import { compare, type Family, shown } from "./compared.ts";
import { places } from "./support.ts";

interface Quantised extends Family {
  config: Record<string, unknown>;
  /** The first 16 hexadecimal digits of a SHA-256 of each decoded matrix. */
  decoded: Record<string, string>;
}

const at = (path: string) => readFileSync(new URL(`reference/${path}`, import.meta.url));
const all: Quantised[] = JSON.parse(at("quantised.json").toString()).quantised;

const contents = ({ name, config }: Quantised) => ({
  "config.json": JSON.stringify(config),
  "model.safetensors": new Uint8Array(at(`quantised/${name}/model.safetensors`)),
  "tokenizer.json": at("decoders/tokenizer.json").toString(),
  "tokenizer_config.json": JSON.stringify({
    tokenizer_class: "PreTrainedTokenizerFast",
    added_tokens_decoder: {},
    model_input_names: ["input_ids", "attention_mask"], // GPT-2 takes type ids for words
  }),
});

const bits = suite("quantised weights");
for (const one of all) {
  bits(`${one.name}: every matrix has the bits of the library's own decoder`, async () => {
    const bytes = contents(one)["model.safetensors"];
    const file = { size: bytes.length, read: async (start: number, end: number) => bytes.slice(start, end) };
    const { columns } = await familyOf(one.config);
    const found = await decoded(await tensors(file, one.name), one.config, columns);
    for (const [name, hash] of Object.entries(one.decoded)) {
      const matrix = found.get(name);
      assert.ok(matrix?.quantised, `${one.name} has no ${name}`);
      const values = await readBytes(matrix.file, matrix.info);
      assert.is(createHash("sha256").update(values).digest("hex").slice(0, 16), hash, name);
    }
  });
}
bits.run();

for (const place of places) {
  const test = suite(`quantised checkpoints on ${place.backend}`);
  const some = place.backend === "wasm" ? all : all.filter(({ name }) => /^(gpt2-gptq|qwen3_moe)/.test(name));
  for (const one of some) {
    test(one.name, async () => {
      const model = await load(contents(one), { ...place, deterministic: true });
      await compare(model, one).finally(() => model.dispose());
      assert.equal(model.unused, [], one.name);
    });
  }
  test.after(() => console.log(shown()));
  test.run();
}
