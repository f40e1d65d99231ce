// A checkpoint's tensors, in one safetensors file or in the shards that an index lists.

import { quote, RelpropError } from "../errors.ts";
import type { Files } from "./files.ts";
import type { TensorInfo } from "./header.ts";
import { readJson } from "./json.ts";
import { type Bytes, readHeader } from "./safetensors.ts";

const MODEL = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const MOST_INDEX_BYTES = 2 ** 25;
const MOST_SHARDS = 1024;

export interface Stored {
  file: Bytes;
  info: TensorInfo;
}

export async function checkpoint(files: Files, signal?: AbortSignal): Promise<ReadonlyMap<string, Stored>> {
  const single = await files.open(MODEL);
  if (single) return tensors(single, MODEL, signal);
  const index = await readJson(files, INDEX, { code: "IndexInvalid", most: MOST_INDEX_BYTES, signal });
  if (index) return sharded(files, index, signal);
  const page = files.pages?.get(MODEL);
  if (page) throw page;
  const hint = "weights in other formats must be saved as safetensors first (save_pretrained does)";
  throw new RelpropError("MissingFile", `the model has neither ${MODEL} nor ${INDEX}; ${hint}`, { file: MODEL });
}

/**
 * The tensors by the names that a model's class gives them: without what wrappers of modules (DDP, torch.compile, Lightning) put
 * before most of them. `own` is a name of the class's that reads like a wrapper's. Their infos keep the file's names.
 */
export function unwrapped(stored: ReadonlyMap<string, Stored>, own?: string): ReadonlyMap<string, Stored> {
  const counts = new Map<string, number>();
  for (const name of stored.keys()) {
    const [before] = /^((module|_orig_mod|model)\.)*/.exec(name)!;
    counts.set(before, (counts.get(before) ?? 0) + 1);
  }
  const [[most] = [""]] = [...counts].sort(([a, n], [b, m]) => m - n || a.length - b.length);
  const wrapper = own !== undefined && most.endsWith(`${own}.`) ? most.slice(0, -own.length - 1) : most;
  return new Map(
    [...stored].map(([name, one]) => {
      const plain = name.startsWith(wrapper) ? name.slice(wrapper.length) : name;
      return [plain === name || stored.has(plain) ? name : plain, one];
    }),
  );
}

async function tensors(file: Bytes, label: string, signal?: AbortSignal): Promise<Map<string, Stored>> {
  const header = await readHeader(file, label, { signal });
  return new Map([...header.tensors].map(([name, info]) => [name, { file, info }]));
}

async function sharded(files: Files, index: Record<string, unknown>, signal?: AbortSignal) {
  const map = Object.hasOwn(index, "weight_map") ? index.weight_map : undefined;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new RelpropError("IndexInvalid", `${INDEX} has no weight_map`);
  }
  const listed = new Map(Object.entries(map).map(([name, shard]) => [name, shardName(shard)]));
  const shards = new Set(listed.values());
  if (shards.size > MOST_SHARDS) {
    throw new RelpropError("LimitExceeded", `${INDEX} lists ${shards.size} shards, the most is ${MOST_SHARDS}`);
  }

  const found = new Map<string, Stored>();
  for (const shard of shards) {
    const file = await files.open(shard);
    if (!file)
      throw new RelpropError("MissingFile", `${INDEX} lists ${quote(shard)}, which is not there`, { file: shard });
    for (const [name, stored] of await tensors(file, shard, signal)) {
      if (listed.get(name) !== shard) {
        const elsewhere = listed.get(name) ?? "no shard";
        throw new RelpropError("IndexInvalid", `${quote(name)} lies in ${shard}, ${INDEX} says ${elsewhere}`, { name });
      }
      found.set(name, stored);
    }
  }
  return found; // what an index lists and no shard has is missing only if the model needs it
}

/** What save_pretrained writes, and nothing that could lead out of the model's folder. */
function shardName(name: unknown): string {
  if (typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,250}\.safetensors$/.test(name)) return name;
  throw new RelpropError("UnsafePath", `${INDEX} lists a file ${quote(name)}, which is no plain name of a shard`);
}
