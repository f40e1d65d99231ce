// Checkpoints of every family with their JSON files changed at any place: a model that explains, with finite numbers and a
// ledger that closes, or an error with a code. Cases go from family to family, so that each has as many.

import * as assert from "uvu/assert";
import type { ExplainOptions } from "../../src/explain/options.ts";
import { load } from "../../src/runtime/load.ts";
import { pack, unpack } from "../checkpoint.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { closes } from "../systems.ts";
import { type Checkpoint, checkpoints } from "./shared/checkpoints.ts";
import { coded, type Fuzzer, pick, told } from "./shared/fuzzer.ts";
import { mistyped, mutated, type Pool, pool } from "./shared/mutate.ts";

const families = [...checkpoints()];
const names = ({ files }: Checkpoint) => Object.keys(files).filter((name) => name.endsWith(".json"));
const kind = (name: string) => name.split("/").at(-1)!;

/** What the files of one name hold. */
const contents = new Map<string, unknown[]>();
for (const one of families.flatMap(([, all]) => all)) {
  for (const name of names(one)) {
    const found = contents.get(kind(name)) ?? [];
    contents.set(kind(name), [...found, JSON.parse(one.files[name] as string)]);
  }
}
const pools = new Map<string, Pool>([...contents].map(([name, all]) => [name, pool(all)]));

/** Which file is changed: mostly a config.json; tokenizers have a fuzzer of their own. */
function chosen(one: Checkpoint, random: Random): string {
  const all = names(one);
  const others = all.filter((name) => name !== "config.json" && name !== "tokenizer.json");
  if (others.length && random(3) === 0) return pick(random, others);
  return all.includes("config.json") && random(12) ? "config.json" : pick(random, all);
}

export function options(task: string, random: Random): ExplainOptions {
  return {
    truncate: true,
    method: pick(random, ["cp-lrp", "attn-lrp", "gradient-x-input"] as const),
    ...(task === "masked-lm" && { token: 1 }),
    ...(task === "embedding" && { target: 0 }),
  };
}

const NOISE = /rounding|residual/i;

export async function explains(files: Checkpoint["files"], { input }: Checkpoint, random: Random): Promise<void> {
  const model = await load(files, { backend: "wasm" });
  try {
    const found = await model.explain(input, options(model.task, random));
    const { tokens, ledger, classes } = found;
    for (const n of [
      ...tokens.map(({ relevance }) => relevance),
      ...Object.values(ledger),
      ...(classes ?? []).map(({ logit }) => logit),
    ])
      assert.ok(Number.isFinite(n), `${n} in a result`);
    if (!found.warnings.some((warning) => NOISE.test(warning))) closes(found, "a mutant");
  } finally {
    await model.dispose();
  }
}

/** The tensors with some of another shape or dtype, of other bytes, or none. */
function damaged(file: Uint8Array, random: Random): Blob {
  const tensors = unpack(file);
  const names = [...tensors.keys()];
  for (let times = 1 + random(3); times; times--) {
    const name = pick(random, names);
    const one = tensors.get(name) ?? { dtype: "F32", shape: [0], bytes: new Uint8Array() };
    const shape = [...one.shape];
    const bytes = one.bytes.slice();
    const dtypes = ["I8", "U8", "F8_E4M3", "F8_E5M2", "F16", "BF16", "I32", "U32", "F32", "I64"];
    const damages = [
      () => void tensors.delete(name),
      () => void tensors.set(pick(random, names), one),
      () => void tensors.set(name, { ...one, shape: shape.reverse() }),
      () => void tensors.set(name, { ...one, shape: [shape.reduce((n, d) => n * d, 1)] }),
      () => void tensors.set(name, { ...one, dtype: pick(random, dtypes) }),
      () => void tensors.set(name, { ...one, bytes: bytes.fill(random(256), random(bytes.length + 1)) }),
      () => void tensors.set(name, { ...one, shape: [0, ...shape], bytes: new Uint8Array() }),
    ];
    pick(random, damages)();
  }
  return pack(tensors);
}

export const fuzzer: Fuzzer = {
  async one(random, i) {
    const [family, all] = families[i % families.length];
    const one = pick(random, all);
    const file = chosen(one, random);
    let content: unknown = JSON.parse(one.files[file] as string);
    for (let times = 1 + random(2); times; times--) content = mutated(content, random, pools.get(kind(file))!);
    const text = JSON.stringify(content ?? null);
    const files = { ...one.files, [file]: random(30) ? text : mistyped(text, random) };
    if (random(60) === 0) delete files[file];
    if (family === "quantised" && random(2)) {
      if (random(2)) files[file] = one.files[file];
      files["model.safetensors"] = damaged(one.files["model.safetensors"] as Uint8Array, random);
    }
    const what = await coded(() => explains(files, one, random)).catch((error) => {
      throw told(error, `${one.name}/${file}: ${files[file]}`);
    });
    let bytes = 0;
    for (const one of Object.values(files)) bytes += (one as string).length ?? (one as Blob).size;
    return { bytes, what, of: `${family} ${kind(file)}` };
  },
};
