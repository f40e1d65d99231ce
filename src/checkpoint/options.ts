// How a checkpoint's files are read, as options of load() and randomized().

import type { AbortSignal, Cache, RequestInit, Response, URL } from "../options/globals.ts";
import { callback, either, flag, having, number, type Options, record, signal, text } from "../options/kinds.ts";
import type { Progress } from "./sources/progress.ts";

export interface ReadOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /**
   * Keeps fetched files in the browser's Cache API: `true` (as "relprop"), a cache's name, or a `Cache`. What is kept is used
   * while the server still has the same file, or cannot be reached; a load that was cut off goes on where it stopped.
   */
  cache?: boolean | string | Cache;
  /**
   * SHA-256 by file name, as `sha256-` and Base64 or as 64 hex digits: such a file is read whole and checked first. A file
   * that is not there is an error (`Integrity`), and so is one that the model does not read (`InvalidOption`).
   */
  integrity?: Readonly<Record<string, string>>;
  /**
   * Milliseconds (30,000) that a server may send nothing, or less than 1,000 bytes a second on average, before the load
   * fails with `FetchStalled`. `Infinity` waits for ever.
   */
  stallTimeout?: number;
  /** In place of `fetch`: adds headers, goes through a proxy, or reads an edge function's assets. */
  fetch?: (url: URL, init: RequestInit) => Promise<Response>;
}

export const readOptions = {
  signal,
  onProgress: callback,
  cache: either(flag, text, having("a Cache", "match", "put")),
  integrity: record("SHA-256 by file name", text),
  stallTimeout: number("a number of milliseconds above 0", Number.MIN_VALUE),
  fetch: callback,
} satisfies Options<ReadOptions>;
