// What fuzzers found (test/fuzz): each once, by the error that it must be.

import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { load } from "../src/runtime/load.ts";
import { malformed, wellFormed } from "./corpus/safetensors-cases.ts";
import { brokenFile } from "./corpus/safetensors-rules.ts";
import { code } from "./shipped.ts";

const test = suite("mutants");
const odd = { toString: 1 };

for (const [family, file, change, expected] of [
  ["modernbert-sequence", "config.json", { num_attention_heads: 4096 }, "ConfigMismatch"],
  ["deberta-v2-token", "config.json", { max_position_embeddings: 1 }, "InputTooLong"],
  ["deberta-v2-mlm", "config.json", { norm_rel_ebd: odd }, "ConfigInvalid"],
  ["deit-taught-image", "preprocessor_config.json", { image_processor_type: odd }, "ConfigUnsupported"],
] as const) {
  test(`${family}: ${JSON.stringify(change)}`, async () => {
    const folder = new URL(`reference/families/${family}/`, import.meta.url);
    const names = readdirSync(folder).filter((name) => /\.(json|safetensors)$/.test(name));
    const files = Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, folder)))]));
    const content = JSON.parse(new TextDecoder().decode(files[file]));
    const changed = { ...files, [file]: JSON.stringify({ ...content, ...change }) };
    const answer = async () => {
      const model = await load(changed, { backend: "wasm" });
      try {
        await model.predict("a small text", { truncate: true });
      } finally {
        await model.dispose();
      }
    };
    assert.is(await code(answer()), expected);
  });
}

test("the rules of safetensors restated: files by hand break the one that they are written for, or none", () => {
  for (const [code, what, bytes] of malformed) {
    const broken = brokenFile(bytes);
    const other = code === "NotSafetensors"; // says what else the file is
    const right = other ? broken.size : broken.has(code) || (broken.has("any") && code.startsWith("Header"));
    assert.ok(right, `${what}: ${[...broken]}`);
  }
  for (const [what, bytes] of wellFormed) assert.equal([...brokenFile(bytes)], [], what);
});

test.run();
