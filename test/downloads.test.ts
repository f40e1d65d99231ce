// Servers without an end, servers that stop or trickle, pages in place of files: a load ends soon, and holds little.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ReadOptions } from "../src/checkpoint/options.ts";
import { readHeader } from "../src/checkpoint/safetensors.ts";
import { files } from "../src/checkpoint/sources.ts";
import type { RelpropError } from "../src/errors.ts";
import { load } from "../src/runtime/load.ts";
import { type Behaviour, hurried, serve } from "./server.ts";

const FILE = "model.safetensors";
const test = suite("downloads");

/** A file of one tensor of so many bytes. */
function safetensors(bytes: number): Uint8Array {
  const json = Buffer.from(JSON.stringify({ w: { dtype: "U8", shape: [bytes], data_offsets: [0, bytes] } }));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, Buffer.alloc(bytes, 7)]);
}

/** Reads the header and then all, with an end if the server has none; the error, or the bytes' number. */
async function outcome(behave: Behaviour, options: ReadOptions = {}, body = safetensors(100_000)) {
  const served = await serve({ [FILE]: body }, (x) => (x.file === FILE ? behave(x) : "well"));
  try {
    const from = await files(served.base, options);
    try {
      const bytes = await from.open(FILE);
      await readHeader(bytes!, FILE);
      return { code: "read", served, error: undefined, bytes: (await bytes!.read(0, bytes!.size)).length };
    } catch (error) {
      return { code: (error as RelpropError).code, error: error as RelpropError, served };
    } finally {
      await from.close();
    }
  } finally {
    await served.stop();
  }
}

/** Sends `start`, then zeros until nobody listens; at last how many bytes that were. */
function endless(start: Uint8Array, sent: { bytes: number }): Behaviour {
  return ({ response }) => {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    response.write(start);
    const zeros = Buffer.alloc(2 ** 16);
    const more = () => {
      if (response.destroyed) return;
      sent.bytes += zeros.length;
      if (sent.bytes > 2 ** 29) return response.end(); // a test that fails should end
      if (response.write(zeros)) setImmediate(more);
      else response.once("drain", more);
    };
    more();
  };
}

const MUCH = 2 ** 26; // bytes that buffers between two sockets may hold

test("a server without an end is left where the header says the file ends", async () => {
  for (const [start, code] of [
    [safetensors(1000), "TrailingBytes"],
    [Buffer.from("GGUF and so on, no header at all"), "NotSafetensors"],
    [Buffer.alloc(64), "HeaderJson"],
    [Buffer.from("\x05\0\0\0\0\0\0\0[1,2]"), "HeaderJson"],
  ] as const) {
    const sent = { bytes: 0 };
    assert.is((await outcome(endless(start, sent))).code, code);
    assert.ok(sent.bytes < MUCH, `${sent.bytes} bytes were sent after ${code}`);
  }
});

test("gzip that grows a thousandfold is looked at first", async () => {
  const bomb = gzipSync(Buffer.alloc(2 ** 28), { level: 9 });
  const { code, served } = await outcome((x) =>
    x.answer({ "content-encoding": "gzip", "content-range": undefined }, bomb, 200),
  );
  assert.is(code, "HeaderJson");
  assert.ok(served.sent < MUCH);
  let most = 0;
  const long = gzipSync(Buffer.concat([safetensors(1000), Buffer.alloc(2 ** 28)]), { level: 9 });
  const onProgress = ({ loaded }: { loaded: number }) => {
    most = Math.max(most, loaded);
  };
  const trailing = await outcome(
    (x) => x.answer({ "content-encoding": "gzip", "content-range": undefined }, long, 200),
    { onProgress },
  );
  assert.is(trailing.code, "TrailingBytes");
  assert.ok(most < 2 ** 22, `${most} bytes were unpacked`);
});

test("weights of more than 4 GiB are refused of a server without ranges, by their header", async () => {
  const json = Buffer.from(
    JSON.stringify({ w: { dtype: "U8", shape: [2 ** 20, 2 ** 20], data_offsets: [0, 2 ** 40] } }),
  );
  const length = Buffer.alloc(8);
  length.writeUInt32LE(json.length);
  const { code, error } = await outcome(endless(Buffer.concat([length, json]), { bytes: 0 }));
  assert.is(code, "LimitExceeded");
  assert.match(error!.message, /10995116278\d\d bytes by its header; from a server without ranges at most 4294967296/);
});

test("silence, before the head, after it and in the middle", async () => {
  const silent: Behaviour[] = [
    () => {},
    ({ response }) => response.writeHead(200, { "content-length": 9 }).flushHeaders(),
    ({ response, headers, status, body, start }) => {
      response.writeHead(status, headers);
      response.write(body.subarray(start, start + 100));
    },
    (x) => (x.nth ? undefined : "well"), // the second range
  ];
  for (const [i, behave] of silent.entries()) {
    const { code, error } = await outcome(behave, { stallTimeout: 100 });
    assert.is(code, "FetchStalled", `${i}: ${error?.message}`);
  }
  // A fetch of the user's that never answers, and hears no signal.
  const never = () => new Promise<Response>(() => {});
  assert.is((await outcome(() => "well", { stallTimeout: 50, fetch: never })).code, "FetchStalled");
});

test("a trickle: fewer than 1,000 bytes a second", async () => {
  const drip: Behaviour = ({ response, headers, status, body, start }) => {
    response.writeHead(status, headers);
    let at = start;
    const timer = setInterval(() => {
      if (response.destroyed) clearInterval(timer);
      else response.write(body.subarray(at, ++at));
    }, 10);
  };
  assert.is((await outcome(drip, { stallTimeout: 300 })).code, "FetchStalled");
});

test("ranges of one byte are given up; ranges of 16 kB are read", async () => {
  const pieces =
    (bytes: number): Behaviour =>
    (x) => {
      const end = Math.min(x.start + bytes, x.end);
      x.answer({ "content-range": `bytes ${x.start}-${end - 1}/${x.body.length}` }, x.body.subarray(x.start, end), 206);
    };
  const { code, served } = await hurried(() => outcome(pieces(1)));
  assert.is(code, "LimitExceeded");
  assert.ok(served.seen.length < 200, `${served.seen.length} requests`);
  assert.is((await hurried(() => outcome(pieces(16_384)))).code, "read");
});

test("a slow server is waited for if it is told to, and stallTimeout is a number", async () => {
  const late: Behaviour = (x) => void setTimeout(() => x.answer(), 150);
  assert.is((await outcome(late, { stallTimeout: 100 })).code, "FetchStalled");
  assert.is((await outcome(late, { stallTimeout: Infinity })).code, "read");
  for (const odd of [0, -1, NaN, "9", null, {}]) {
    assert.is(await code(load("http://127.0.0.1:1/m", { stallTimeout: odd as number })), "InvalidOption", String(odd));
  }
});

test("a page in place of a file that need not be there is no file", async () => {
  for (const folder of ["../models/digits-tiny/", "../examples/points/model/"]) {
    const read = (name: string) => readFileSync(new URL(`${folder}${name}`, import.meta.url));
    const names = ["config.json", FILE, ...(folder.includes("digits") ? ["preprocessor_config.json"] : [])];
    const here = Object.fromEntries(names.map((name) => [name, read(name)]));
    const served = await serve(here, (x) =>
      x.status === 404 ? x.answer({ "content-type": "text/html" }, Buffer.from("<!doctype html>"), 200) : "well",
    );
    const model = await load(served.base, { backend: "wasm" });
    await model.dispose();
    delete here[FILE];
    assert.is(await code(load(served.base, { backend: "wasm" })), "FetchContentType");
    await served.stop();
  }
});

test("integrity: each file that it names is there and is read", async () => {
  const read = (name: string) => readFileSync(new URL(`../models/sst2-tiny/${name}`, import.meta.url));
  const names = ["config.json", FILE, "tokenizer.json", "tokenizer_config.json"];
  const contents = Object.fromEntries(names.map((name) => [name, new Uint8Array(read(name))]));
  const digest = async (name: string) =>
    Buffer.from(await crypto.subtle.digest("SHA-256", contents[name])).toString("hex");
  const right = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await digest(name)])));
  const loaded = async (integrity: unknown, source = contents) =>
    code(load(source, { backend: "wasm", integrity: integrity as Record<string, string> }).then((m) => m.dispose()));
  assert.is(await loaded(right), undefined);
  assert.is(await loaded({ ...right, "modle.safetensors": right[FILE] }), "InvalidOption");
  assert.is(await loaded({ [FILE]: undefined }), "InvalidOption");
  for (const odd of [null, "x", 1, ["x"], { [FILE]: 1 }]) assert.is(await loaded(odd), "InvalidOption", String(odd));
  const { "tokenizer_config.json": _, ...fewer } = contents;
  assert.is(await loaded(right, fewer), "Integrity", "a file that is not there");
});

const code = (doing: Promise<unknown>): Promise<string | undefined> =>
  doing.then(
    () => undefined,
    (error) => error.code ?? `no code: ${error?.stack}`,
  );

test.run();
