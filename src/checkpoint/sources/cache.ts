// Files kept in the Cache API, in blocks. A block is there whole or not at all, and its key names the file's URL, its state
// on the server and its length: a load that was cut off leaves blocks that the next one goes on from, and what belongs to
// another state is never taken for this one.

import { throwIfAborted } from "../../errors.ts";
import type { ReadOptions } from "../options.ts";
import type { Bytes } from "../safetensors.ts";
import type { Count } from "./progress.ts";

const BLOCK = 2 ** 22; // bytes

/** One state of a file: what the server calls it (`tagOf`), and its bytes; -1 if the server has no such file. */
export interface Version {
  tag: string;
  size: number;
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
  find(url: URL): Promise<Version | undefined>;
  /** Begins to keep a file, and drops what there was of its other states. */
  begin(url: URL, version: Version): Promise<void>;
  /** The file out of the blocks that are kept; the others from elsewhere, and kept from then on. */
  bytes(url: URL, file: string, version: Version, elsewhere: () => Promise<Bytes>): Bytes;
}

export function kept(cache: Cache, count: Count): Kept {
  async function put(name: string, body: BodyInit): Promise<void> {
    if (self.reason) return;
    await cache.put(name, new Response(body)).catch((cause) => {
      self.reason = `the cache cannot store more: ${cause}`; // the quota, mostly; the load itself goes on
    });
  }

  const self: Kept = {
    async find(url) {
      const found = await cache.match(key(url));
      const version = await found?.json().catch(() => undefined);
      return typeof version?.tag === "string" && Number.isSafeInteger(version.size) ? version : undefined;
    },

    async begin(url, version) {
      const old = (await cache.keys().catch(() => [])).filter((request) => request.url.startsWith(key(url)));
      await Promise.all(old.map((request) => cache.delete(request)));
      await put(key(url), JSON.stringify(version));
    },

    bytes(url, file, { tag, size }, elsewhere) {
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
    },
  };
  return self;
}

/** What all of a file's entries begin with, and the one that says which state is kept. */
const key = ({ origin, pathname }: URL) => `${origin}${pathname}?relprop`;
