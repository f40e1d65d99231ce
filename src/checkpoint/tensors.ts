// A checkpoint's tensors, in one safetensors file or in shards (shards.ts), by the names that the model's class gives them.

import { RelpropError } from "../errors.ts";
import type { AbortSignal } from "../options/globals.ts";
import type { Rows } from "./dtypes.ts";
import type { Files } from "./files.ts";
import type { TensorInfo } from "./header.ts";
import { readJson } from "./json.ts";
import type { NarrowMatrix } from "./narrow.ts";
import { type Bytes, readHeader } from "./safetensors.ts";

const MODEL = "model.safetensors";
export const INDEX = "model.safetensors.index.json";
const MOST_INDEX_BYTES = 2 ** 25;
export interface Stored {
  file: Bytes;
  info: TensorInfo;
  /** Of a matrix that is quantised in the file and decoded as it is read: as what it is stored, its rows, and what stays of it on a device. */
  quantised?: TensorInfo & { rows?(signal?: AbortSignal): Promise<Rows>; narrow?: NarrowMatrix };
}

export async function checkpoint(files: Files, signal?: AbortSignal): Promise<ReadonlyMap<string, Stored>> {
  const single = await files.open(MODEL);
  if (single) return tensors(single, MODEL, signal);
  const index = await readJson(files, INDEX, { code: "IndexInvalid", most: MOST_INDEX_BYTES, signal });
  if (index) return (await import("./shards.ts")).sharded(files, index, signal);
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

/** The tensors of one file. */
export async function tensors(file: Bytes, label: string, signal?: AbortSignal): Promise<Map<string, Stored>> {
  const header = await readHeader(file, label, { signal });
  return new Map([...header.tensors].map(([name, info]) => [name, { file, info }]));
}
