// Checkpoints of every family with their JSON files changed at any place: a model that answers, or an error with a code.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Image } from "../../src/inputs/images/picture.ts";
import { load } from "../../src/runtime/load.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { coded, type Fuzzer, pick } from "./shared/fuzzer.ts";

const root = new URL("../reference/families/", import.meta.url);
const families = readdirSync(root).filter((name) => existsSync(new URL(`${name}/config.json`, root)));
const jsons = [
  "config.json",
  "preprocessor_config.json",
  "modules.json",
  "tokenizer_config.json",
  "1_Pooling/config.json",
];

type Files = Record<string, string | Uint8Array>;

function read(family: string): Files {
  const files: Files = {};
  for (const name of [...jsons, "tokenizer.json", "model.safetensors"]) {
    const url = new URL(`${family}/${name}`, root);
    if (existsSync(url))
      files[name] = name.endsWith(".json") ? readFileSync(url, "utf8") : new Uint8Array(readFileSync(url));
  }
  return files;
}

const odd: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2,
  0.5,
  -0,
  3,
  7,
  64,
  4096,
  2 ** 20,
  16777216,
  2 ** 31,
  2 ** 53,
  1e308,
  "",
  "0",
  "gelu",
  "constructor",
  "__proto__",
  "a".repeat(9999),
  "\u0000",
  [],
  [null],
  [[[]]],
  Array(999).fill(0),
  {},
  { a: {} },
  { toString: 1 },
];
const more = [
  "loops",
  "layer_types",
  "num_labels",
  "head_dim",
  "pruned_heads",
  "__proto__",
  "rope_scaling",
  "is_decoder",
  "x",
];

/** Changes a value at some place, takes it away, or adds one. */
function change(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random(6) === 0) return pick(random, odd);
  if (Array.isArray(value)) {
    const out = [...value];
    const at = random(out.length + 1);
    if (random(4) === 0) out.splice(at, 1);
    else out[at] = change(out[at], random);
    return out;
  }
  const out: Record<string, unknown> = { ...value };
  const key = random(5) ? pick(random, Object.keys(out)) : pick(random, more);
  if (random(6) === 0) delete out[key];
  else Object.defineProperty(out, key, { value: change(out[key], random), enumerable: true, configurable: true });
  return out;
}

/** A case in which the file of this name is changed; of those that there are, by default mostly config.json. */
export const changed = (file?: string): Fuzzer => ({
  async one(random) {
    const family = pick(random, families);
    const files = read(family);
    const here = jsons.filter((name) => name in files);
    const name = file ?? (random(3) ? "config.json" : pick(random, here));
    if (!(name in files)) return { bytes: 0, what: "no such file" };
    let content: unknown = JSON.parse(files[name] as string);
    for (let times = 1 + random(2); times; times--) content = change(content, random);
    files[name] = random(30)
      ? JSON.stringify(content ?? null)
      : pick(random, ["", "[", "{".repeat(9999), `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`, "\ufeff{}", "NaN"]);
    if (random(40) === 0) delete files[name];
    let bytes = 0;
    for (const one of Object.values(files)) bytes += one.length;
    const what = await coded(async () => {
      const model = await load(files, { backend: "wasm" });
      try {
        const image: Image = { data: new Uint8Array(24 * 24 * 3).fill(99), width: 24, height: 24 };
        await model.predict(model.task.startsWith("image") ? image : "a small text", {
          truncate: true,
          ...(model.task === "masked-lm" && { token: 1 }),
        });
      } finally {
        await model.dispose();
      }
    }).catch((error) => {
      throw told(error, `${family}/${name}: ${files[name]}`);
    });
    return { bytes, what };
  },
});

export const fuzzer = changed();

/** An error that is a fault, with what it came of. */
const told = (error: unknown, what: string) => {
  if (error instanceof Error) error.message = `${error.message}; ${what.slice(0, 3000)}`;
  return error;
};
