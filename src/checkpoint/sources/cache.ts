// Files kept in the Cache API, in blocks. A block is there whole or not at all, and its key names the file's URL, its state
// on the server and its length: a load that was cut off leaves blocks that the next one goes on from, and what belongs to
// another state is never taken for this one.

import { RelpropError, throwIfAborted } from "../../errors.ts";
import type { ReadOptions } from "../options.ts";
import type { Bytes } from "../safetensors.ts";
import type { Count } from "./progress.ts";
import { changed } from "./response.ts";

const BLOCK = 2 ** 22; // bytes

/** One state of a file: what the server calls it (`tagOf`), and its bytes; -1 if the server has no such file. */
export interface Version {
  tag: string;
  size: number;
}

/** A file that the server has; `bytes` goes on with the answer that has begun. */
export interface Found extends Partial<Version> {
  bytes(): Promise<Bytes>;
  leave(): Promise<void>;
}

/** The cache that the caller asks for, or why there is none. */
export async function findCache(wanted: ReadOptions["cache"]): Promise<{ cache?: Cache; reason?: string }> {
  if (typeof wanted === "object") return { cache: wanted };
  if (!globalThis.caches) return { reason: "this runtime has no Cache API (a page has one by https only)" };
  try {
    return { cache: await caches.open(typeof wanted === "string" ? wanted : "relprop") };
  } catch (cause) {
    return { reason: `the Cache API cannot be opened: ${cause}` };
  }
}

export interface Kept {
  /** Why no more is kept. */
  reason?: string;
  /**
   * Reads from the cache if its file is the server's, or if the server does not identify its file; else from the server, which
   * `ask` asks, again and again if it fails. What a URL names may be `immutable`: then what is kept is the server's.
   */
  open(
    url: URL,
    file: string,
    ask: (again?: boolean) => Promise<Found | undefined>,
    immutable?: boolean,
  ): Promise<Bytes | undefined>;
}

export function kept(cache: Cache, count: Count): Kept {
  async function put(name: string, body: BodyInit): Promise<void> {
    if (self.reason) return;
    await cache.put(name, new Response(body)).catch((cause) => {
      self.reason = `the cache cannot store more: ${cause}`; // the quota, mostly; the load itself goes on
    });
  }

  async function find(url: URL): Promise<Version | undefined> {
    const found = await cache.match(key(url));
    const version = await found?.json().catch(() => undefined);
    return typeof version?.tag === "string" && Number.isSafeInteger(version.size) ? version : undefined;
  }

  /** Begins to keep a file, and drops what there was of its other states. */
  async function begin(url: URL, version: Version): Promise<void> {
    const old = (await cache.keys().catch(() => [])).filter((request) => request.url.startsWith(key(url)));
    await Promise.all(old.map((request) => cache.delete(request)));
    await put(key(url), JSON.stringify(version));
  }

  /** The file out of the blocks that are kept; the others from elsewhere, and kept from then on. */
  function blocks(url: URL, file: string, { tag, size }: Version, elsewhere: () => Promise<Bytes>): Bytes {
    let inner: Promise<Bytes> | undefined;
    let last = { index: -1, bytes: new Uint8Array() };

    const block = async (index: number, signal?: AbortSignal) => {
      const name = `${key(url)}&tag=${encodeURIComponent(tag)}&size=${size}&block=${index}`;
      const [start, end] = [index * BLOCK, Math.min((index + 1) * BLOCK, size)];
      const hit = new Uint8Array((await (await cache.match(name))?.arrayBuffer()) ?? []);
      if (hit.length === end - start) {
        count(file, hit.length, size);
        return hit;
      }
      inner ??= elsewhere();
      const bytes = await (await inner).read(start, end, signal);
      if (bytes.length === end - start) await put(name, bytes);
      return bytes;
    };
    return {
      size,
      async read(start, end, signal, into) {
        const bytes = into?.subarray(0, end - start) ?? new Uint8Array(end - start);
        for (let at = start; at < end; ) {
          throwIfAborted(signal);
          const index = Math.floor(at / BLOCK);
          if (last.index !== index) last = { index, bytes: await block(index, signal) };
          const part = last.bytes.subarray(at - index * BLOCK, end - index * BLOCK);
          if (!part.length) return bytes.subarray(0, at - start); // what is elsewhere is shorter
          bytes.set(part, at - start);
          at += part.length;
        }
        return bytes;
      },
    };
  }

  const self: Kept = {
    async open(url, file, ask, immutable) {
      const known = await find(url);
      const offline = (error: unknown) => {
        const gone =
          error instanceof RelpropError &&
          (/^Fetch(Failed|Stalled)$/.test(error.code) || Number(error.facts.status) >= 500);
        if (!known || !gone) throw error;
        return known;
      };
      const now = known && immutable ? known : await ask(!known).catch(offline);
      if (!now) await begin(url, { size: -1, tag: "" }); // that a file is not there is worth knowing too
      if (!now || now.size === -1) return undefined;
      const same = (other: Partial<Version>) => other.tag === known?.tag && (other.size ?? known?.size) === known?.size;
      if (known && same(now)) {
        if ("leave" in now) await now.leave();
        return blocks(url, file, known, async () => {
          const found = await ask();
          if (found && same(found)) return found.bytes();
          throw changed(url);
        });
      }
      const bytes = await (now as Found).bytes();
      if (!now.tag) return bytes; // nothing to know it by another time
      const version = { size: bytes.size, tag: now.tag };
      await begin(url, version);
      return blocks(url, file, version, async () => bytes);
    },
  };
  return self;
}

/** What all of a file's entries begin with, and the one that says which state is kept. */
const key = ({ origin, pathname }: URL) => `${origin}${pathname}?relprop`;
