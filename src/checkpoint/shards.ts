// A checkpoint's tensors in the shards that an index lists.

import { quote, RelpropError } from "../errors.ts";
import type { Files } from "./files.ts";
import { INDEX, type Stored, tensors } from "./tensors.ts";

const MOST_SHARDS = 1024;

/** Throws `IndexInvalid`, `UnsafePath`, `LimitExceeded` and `MissingFile`. */
export async function sharded(files: Files, index: Record<string, unknown>, signal?: AbortSignal) {
  const map = Object.hasOwn(index, "weight_map") ? index.weight_map : undefined;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new RelpropError("IndexInvalid", `${INDEX} has no weight_map`);
  }
  const listed = new Map(Object.entries(map).map(([name, shard]) => [name, shardName(shard)]));
  const shards = new Set(listed.values());
  if (shards.size > MOST_SHARDS) {
    throw new RelpropError("LimitExceeded", `${INDEX} lists ${shards.size} shards; the maximum is ${MOST_SHARDS}`);
  }

  const found = new Map<string, Stored>();
  for (const shard of shards) {
    const file = await files.open(shard);
    if (!file)
      throw new RelpropError("MissingFile", `${INDEX} lists ${quote(shard)}, which is not there`, { file: shard });
    for (const [name, stored] of await tensors(file, shard, signal)) {
      if (listed.get(name) !== shard) {
        const elsewhere = listed.get(name) ?? "no shard";
        throw new RelpropError("IndexInvalid", `${quote(name)} is in ${shard}, but ${INDEX} says ${elsewhere}`, {
          name,
        });
      }
      found.set(name, stored);
    }
  }
  return found; // what an index lists and no shard has is missing only if the model needs it
}

/** What save_pretrained writes, and nothing that could lead out of the model's folder. */
function shardName(name: unknown): string {
  if (typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,250}\.safetensors$/.test(name)) return name;
  throw new RelpropError("UnsafePath", `${INDEX} lists a file ${quote(name)}, which is not a shard's name`);
}
