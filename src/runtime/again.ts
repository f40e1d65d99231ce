import type { Backend } from "../backends/backend.ts";
import { files, type Source } from "../checkpoint/sources.ts";
import type { Weights } from "../checkpoint/weights.ts";
import { RelpropError } from "../errors.ts";
import type { Network } from "../models/family.ts";
import { open, upload } from "./load.ts";
import type { LocalOptions } from "./options.ts";

/** The backend of a model that was loaded, with its weights read again. Throws where they are not the same. */
export async function again(
  source: Source,
  options: LocalOptions,
  { weights, net, sum }: { weights: Weights; net: Network; sum: number },
): Promise<Backend> {
  const from = await files(source, { ...options, onProgress: undefined });
  try {
    const found = await upload(weights, (await open(from, options)).stored, net, options);
    if (found.sum === sum) return found.backend;
    found.backend.dispose();
    throw new RelpropError("FetchChanged", "they are no longer those that the model was loaded with");
  } finally {
    await from.close();
  }
}
