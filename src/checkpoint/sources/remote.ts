// A base URL. JSON comes whole, and compressed where the server can; tensors come by ranges, the header first, as long as
// the server's answers show that all of them are of one and the same file.

import { quote, RelpropError } from "../../errors.ts";
import type { Files } from "../files.ts";
import type { ReadOptions } from "../options.ts";
import type { Bytes } from "../safetensors.ts";
import type { Found } from "./cache.ts";
import { lastPart } from "./contents.ts";
import { download } from "./download.ts";
import type { Count } from "./progress.ts";
import { ranged } from "./ranged.ts";
import { checkOrigin, IDENTITY, request, type Web } from "./request.ts";
import { accept, changed, drop, isWhole, rangeOf, tagOf } from "./response.ts";
import { patience } from "./stall.ts";

const FIRST = 2 ** 16; // bytes asked for first: the header of all but very large models

interface About {
  name?: string;
  /** The URL names contents that never change. */
  immutable?: boolean;
}

export async function remote(base: URL, options: ReadOptions, count: Count, about: About = {}): Promise<Files> {
  checkOrigin(base);
  const { signal } = options;
  const folder = new URL(base);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  const kit = options.cache ? await import("./cache.ts") : undefined; // a page that keeps nothing does without
  const { cache, reason } = (await kit?.findCache(options.cache)) ?? {};
  const keeping = cache && kit?.kept(cache, count);
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const web: Web = {
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    signal: stop.signal,
    patience: patience(options.stallTimeout, stop.signal),
  };
  const pages = new Map<string, RelpropError>();

  const open = async (file: string): Promise<Bytes | undefined> => {
    const url = new URL(file, folder);
    if (url.origin !== folder.origin || !url.pathname.startsWith(folder.pathname)) {
      throw new RelpropError("UnsafePath", `${quote(file)} is outside the model's base URL`, { file });
    }
    const asked = (again?: boolean) => ask(url, file, web, count, again);
    const bytes = await (keeping
      ? keeping.open(url, file, asked, about.immutable)
      : asked().then((found) => found?.bytes())
    ).catch((error) => {
      if (error?.code !== "FetchContentType") throw error;
      pages.set(file, error); // development servers answer any path with their page
      return undefined;
    });
    return bytes && inTurn(bytes);
  };

  return {
    name: about.name ?? lastPart(folder.pathname),
    get cacheReason() {
      return keeping?.reason ?? reason;
    },
    pages,
    open,
    async close() {
      signal?.removeEventListener("abort", abort);
      stop.abort();
    },
  };
}

/** Asks for a file, undefined if the server does not have it. */
async function ask(url: URL, file: string, web: Web, count: Count, again = true): Promise<Found | undefined> {
  const tensors = file.endsWith(".safetensors");
  const headers: Record<string, string> = tensors ? { ...IDENTITY, range: `bytes=0-${FIRST - 1}` } : {};
  const response = await accept(await request(url, headers, web, again), url);
  if (!response) return undefined;
  const leave = () => drop(response);
  const tag = tagOf(response);
  const range = rangeOf(response);
  if (range?.start === 0 && range.end <= FIRST && tag) {
    const bytes = async () => ranged(url, file, range.size, response, web, count);
    return { tag, size: range.size, bytes, leave };
  }
  // Deno does not decode what answers a request for identity.
  const usable = isWhole(response) || (!tensors && response.status === 200);
  const bytes = async () => {
    if (!usable) await leave();
    const all = await download(url, file, web, count, usable ? response : undefined);
    if (all) return all;
    throw changed(url);
  };
  return { tag, bytes, leave };
}

/** First come, first served: a file is one stream. */
function inTurn(bytes: Bytes): Bytes {
  let queue: Promise<unknown> = Promise.resolve();
  return {
    size: bytes.size,
    read(start, end, signal, into) {
      const turn = queue.then(() => bytes.read(start, end, signal, into));
      queue = turn.catch(() => {});
      return turn;
    },
  };
}
