// --model: a folder, a URL, or a model on a hub, which is kept in the user's cache folder; and --offline.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Hub } from "../checkpoint/sources.ts";
import { quote, RelpropError } from "../errors.ts";
import { load } from "../runtime/load.ts";
import type { Model } from "../runtime/model.ts";
import { cacheFolder, folderCache } from "./folder_cache.ts";
import { progressBar } from "./progress.ts";
import { Failed } from "./usage.ts";

/** What of a command line says which model. */
export interface ModelValues {
  model?: string;
  backend?: string;
  offline?: boolean;
}

/** A folder's path or a URL; "organisation/name" is a hub's unless there is such a folder. HF_ENDPOINT is another hub. */
export function sourceOf(model: string | undefined): string | Hub {
  if (model === undefined) return fileURLToPath(new URL("../models/sst2-tiny/", import.meta.url));
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(model) || existsSync(model)) return model;
  return { hub: model, endpoint: process.env.HF_ENDPOINT || undefined };
}

/** Loads the model of a command line. What comes from the network is kept, and with `offline` read from there alone. */
export async function loaded({ model: given, backend, offline }: ModelValues, signal?: AbortSignal): Promise<Model> {
  const folder = join(cacheFolder(), "models");
  const bar = progressBar();
  try {
    return await load(sourceOf(given), {
      backend: backend as "auto" | undefined,
      signal,
      cache: folderCache(folder),
      onProgress: ({ all: { loaded, total } }) => bar.show(loaded, total),
      ...(offline && { fetch: () => Promise.reject(new Error("--offline")) }),
    });
  } catch (error) {
    if (!offline || !(error instanceof RelpropError) || error.code !== "FetchFailed") throw error;
    const message = `${quote(given)} is not in the cache folder ${quote(folder)}: load it once without \`--offline\``;
    throw new Failed(message);
  } finally {
    bar.end();
  }
}
