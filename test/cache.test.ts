// Files kept in a cache: what is asked of the server the second time, and that nothing old, cut off or damaged is used.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ReadOptions } from "../src/checkpoint/options.ts";
import { files, type Source } from "../src/checkpoint/sources.ts";
import { load } from "../src/runtime/load.ts";
import { type Behaviour, hurried, type Served, serve } from "./server.ts";
import { buffers, code, folder, texts } from "./shipped.ts";

const FILE = "model.safetensors";
const BLOCK = 2 ** 22;
const truth = Uint8Array.from({ length: 2 * BLOCK + 1_000_003 }, (_, i) => (i * 2654435761) >>> 13);

/** As much of a Cache as there is to it, with a quota. */
class Memory {
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();
  quota = Infinity;
  async match(url: string) {
    const found = this.entries.get(url);
    return found && new Response(found);
  }
  async put(url: string, response: Response) {
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > this.quota) throw new Error("QuotaExceededError");
    this.quota -= bytes.length;
    this.entries.set(url, bytes);
  }
  async delete(request: Request) {
    return this.entries.delete(request.url);
  }
  async keys() {
    return [...this.entries.keys()].map((url) => ({ url }));
  }
}
const memory = () => new Memory() as Memory & Cache;

/** Reads up to `end`, in pieces. */
async function read(source: Source, options: ReadOptions, end = truth.length): Promise<string | undefined> {
  const from = await files(source, options);
  try {
    const bytes = await from.open(FILE);
    for (let at = 0; at < end; ) {
      const next = Math.min(at + 777_777, end);
      const got = await bytes!.read(at, next, options.signal);
      assert.ok(Buffer.compare(got, truth.subarray(at, next)) === 0, `bytes ${at} to ${next}`);
      at = next;
    }
    assert.is(bytes!.size, truth.length);
    return from.cacheReason;
  } finally {
    await from.close();
  }
}

const test = suite("a cache");

let served: Served;
let behave: Behaviour;
test.before.each(async () => {
  behave = () => "well";
  served = await serve({ [FILE]: truth }, (x) => behave(x));
});
test.after.each(() => served.stop());

/** Bytes of the file sent while something is done. */
async function sent(work: () => Promise<unknown>): Promise<number> {
  const before = served.sent;
  await work();
  return served.sent - before;
}

test("the second time only the first bytes are asked for", async () => {
  const cache = memory();
  assert.ok((await sent(() => read(served.base, { cache }))) >= truth.length);
  assert.ok((await sent(() => read(served.base, { cache }))) < 70_000);
  assert.is([...cache.entries.keys()].filter((key) => key.includes("block=")).length, 3);
});

test("progress counts what the cache has", async () => {
  const cache = memory();
  for (let i = 0; i < 2; i++) {
    let last = 0;
    await read(served.base, {
      cache,
      onProgress({ file, loaded, total }) {
        if (file !== FILE) return;
        assert.ok(loaded > last && loaded <= total!);
        last = loaded;
      },
    });
    assert.is(last, truth.length);
  }
});

test("a load that was cut off goes on where it stopped", async () => {
  const cache = memory();
  await read(served.base, { cache }, BLOCK + 5); // two blocks, the second one whole
  const rest = await sent(() => read(served.base, { cache }));
  assert.ok(rest <= truth.length - 2 * BLOCK + 140_000, `${rest} bytes`);
});

test("aborted in the middle of a block: what is kept is right", async () => {
  const cache = memory();
  const abort = new AbortController();
  const onProgress = ({ loaded }: { loaded: number }) => {
    if (loaded > BLOCK + 1_000_000) abort.abort();
  };
  assert.is(await code(read(served.base, { cache, signal: abort.signal, onProgress })), "Aborted");
  assert.is([...cache.entries.keys()].filter((key) => key.includes("block=")).length, 1);
  await read(served.base, { cache });
});

test("another file on the server: nothing old is used or kept", async () => {
  const cache = memory();
  await read(served.base, { cache });
  behave = (x) => x.answer({ etag: '"2"' });
  assert.ok((await sent(() => read(served.base, { cache }))) >= truth.length);
  const keys = [...cache.entries.keys()].filter((key) => key.includes(FILE));
  assert.is(keys.filter((key) => key.includes("block=")).length, 3);
  assert.ok(keys.every((key) => !key.includes("model.safetensors-1")));
});

for (const [name, trouble] of [
  ["no connection", (x) => x.response.destroy()],
  ["503", (x) => x.answer({}, Buffer.from("down"), 503)],
] as [string, Behaviour][]) {
  test(`${name}: the cache answers, if it has everything`, async () => {
    const [whole, half] = [memory(), memory()];
    await read(served.base, { cache: whole });
    await read(served.base, { cache: half }, BLOCK);
    behave = trouble;
    await read(served.base, { cache: whole });
    assert.match(await hurried(() => code(read(served.base, { cache: half }))), /^Fetch(Failed|Status)$/);
    assert.match(await hurried(() => code(read(served.base, { cache: memory() }))), /^Fetch(Failed|Status)$/);
  });
}

test("403 and 404 are answers, not trouble", async () => {
  const cache = memory();
  await read(served.base, { cache });
  behave = (x) => x.answer({}, Buffer.from("no"), 403);
  assert.is(await code(read(served.base, { cache })), "FetchStatus");
  behave = (x) => x.answer({}, Buffer.from("no"), 404);
  const from = await files(served.base, { cache });
  assert.is(await from.open(FILE), undefined);
  await from.close();
});

test("a whole commit hash is not asked about again, not even what is missing", async () => {
  const cache = memory();
  const source = { hub: "a/b", revision: "0123456789abcdef0123456789abcdef01234567", endpoint: served.base };
  await read(source, { cache });
  const before = served.seen.length;
  await read(source, { cache });
  assert.is(served.seen.length, before);
  await read({ ...source, revision: "main" }, { cache });
  assert.ok(served.seen.length > before);
});

test("damaged entries are fetched anew", async () => {
  const cache = memory();
  await read(served.base, { cache });
  for (const [key, bytes] of cache.entries) {
    if (key.includes("block=1")) cache.entries.set(key, bytes.slice(1));
  }
  const again = await sent(() => read(served.base, { cache }));
  assert.ok(again >= BLOCK && again < truth.length, `${again} bytes`);
  for (const key of cache.entries.keys()) {
    if (!key.includes("block=")) cache.entries.set(key, new TextEncoder().encode("{"));
  }
  await read(served.base, { cache });
});

test("a file replaced by one as long while blocks are missing", async () => {
  const cache = memory();
  await read(served.base, { cache }, BLOCK);
  behave = (x) => (x.nth > 0 && x.start > 0 ? x.answer({ etag: '"2"' }) : "well");
  assert.is(await code(read(served.base, { cache })), "FetchChanged");
});

test("no room: the load goes on, and says why nothing is kept", async () => {
  const cache = memory();
  cache.quota = BLOCK + 1000;
  assert.match((await read(served.base, { cache })) ?? "", /QuotaExceeded/);
  cache.quota = Infinity;
  assert.is(await read(served.base, { cache }), undefined);
});

test("servers without ranges, and without anything to know a file by", async () => {
  const cache = memory();
  behave = (x) => x.answer({ "content-range": undefined }, x.body, 200);
  await read(served.base, { cache });
  await read(served.base, { cache });
  const bare = memory();
  behave = (x) => x.answer({ "content-range": undefined, etag: undefined, "last-modified": undefined }, x.body, 200);
  await read(served.base, { cache: bare });
  assert.is([...bare.entries.keys()].filter((key) => key.includes("block=")).length, 0);
});

test("where there is no cache", async () => {
  const there = Object.getOwnPropertyDescriptor(globalThis, "caches");
  const pretend = (caches: unknown) =>
    Object.defineProperty(globalThis, "caches", { value: caches, configurable: true });
  try {
    pretend(undefined);
    assert.match((await read(served.base, { cache: true })) ?? "", /no Cache API/);
    pretend({ open: () => Promise.reject(new Error("not in private windows")) });
    assert.match((await read(served.base, { cache: true })) ?? "", /private/);
    const opened: string[] = [];
    pretend({
      open: async (name: string) => {
        opened.push(name);
        return memory();
      },
    });
    assert.is(await read(served.base, { cache: true }), undefined);
    assert.is(await read(served.base, { cache: "mine" }), undefined);
    assert.equal(opened, ["relprop", "mine"]);
  } finally {
    if (there) Object.defineProperty(globalThis, "caches", there);
    else Reflect.deleteProperty(globalThis, "caches");
  }
  for (const cache of [3, {}, Symbol("x")]) {
    assert.is(await code(load(served.base, { cache: cache as unknown as boolean })), "InvalidOption");
  }
});

test("the runtime's own cache, where it has one", async () => {
  if (!globalThis.caches) return console.log("no Cache API here");
  const name = `relprop-test-${Math.random()}`;
  try {
    assert.is(await read(served.base, { cache: name }), undefined);
    assert.ok((await sent(() => read(served.base, { cache: name }))) < 70_000);
    behave = (x) => x.answer({ etag: '"2"' });
    assert.is(await read(served.base, { cache: name }), undefined);
  } finally {
    await caches.delete(name);
  }
});

test("a model from the cache, offline", async () => {
  const own = await serve(buffers());
  const cache = memory();
  const local = await load(folder, { backend: "wasm" });
  const once = await load(own.base, { backend: "wasm", cache, name: local.name });
  await own.stop();
  const offline = await load(own.base, { backend: "wasm", cache, name: local.name });
  const expected = await local.explain(texts[0]);
  for (const model of [once, offline]) {
    assert.equal(await model.explain(texts[0]), expected);
    assert.is(model.cacheReason, undefined);
  }
  for (const model of [local, once, offline]) await model.dispose();
  assert.is(await hurried(() => code(load(own.base, { backend: "wasm", cache: memory() }))), "FetchFailed");
});

test.run();
