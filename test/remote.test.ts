// Loading over HTTP, from a server on this machine that can be told to misbehave.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RelpropError } from "../src/errors.ts";
import { load } from "../src/runtime/load.ts";

const folder = new URL("../models/sst2-tiny/", import.meta.url);
const test = suite("a model from a URL");

type Misbehave = (file: string, response: ServerResponse, body: Buffer) => boolean;

async function served<T>(misbehave: Misbehave, use: (base: string) => Promise<T>): Promise<T> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const file = request.url!.split("/").pop()!;
    let body: Buffer;
    try {
      body = readFileSync(new URL(file, folder));
    } catch {
      response.writeHead(404).end("no such file");
      return;
    }
    if (misbehave(file, response, body)) return;
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": body.length }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/models/sst2-tiny`);
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}

async function outcome(base: string | URL, signal?: AbortSignal): Promise<string> {
  try {
    const model = await load(base, { backend: "wasm", signal });
    await model.dispose();
    return "loaded";
  } catch (error) {
    if (error instanceof RelpropError) return error.code;
    throw error;
  }
}

const well: Misbehave = () => false;
const onWeights =
  (act: (response: ServerResponse, body: Buffer) => void): Misbehave =>
  (file, response, body) => {
    if (file !== "model.safetensors") return false;
    act(response, body);
    return true;
  };

test("a well-behaved server, with and without a slash", async () => {
  await served(well, async (base) => {
    const model = await load(base, { backend: "wasm" });
    const local = await load(folder, { backend: "wasm" });
    assert.is(model.name, "sst2-tiny");
    assert.equal(await model.explain("a fine film"), await local.explain("a fine film"));
    await model.dispose();
    await local.dispose();
    assert.is(await outcome(new URL(`${base}/`)), "loaded");
  });
});

test("answers that are no weights", async () => {
  const cases: [string, (response: ServerResponse, body: Buffer) => void][] = [
    ["FetchStatus", (r) => r.writeHead(503).end()],
    ["FetchStatus", (r) => r.writeHead(206, { "content-range": "bytes 0-1/9" }).end("ab")],
    ["MissingFile", (r) => r.writeHead(404).end()],
    ["FetchContentType", (r) => r.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>")],
    ["NotSafetensors", (r) => r.writeHead(200).end("<!doctype html><title>hub</title>")],
    [
      "NotSafetensors",
      (r) => r.writeHead(200).end("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
    ],
    ["Truncated", (r, b) => r.writeHead(200, { "transfer-encoding": "chunked" }).end(b.subarray(0, -1))],
    ["TrailingBytes", (r, b) => r.writeHead(200).end(Buffer.concat([b, Buffer.from("x")]))],
  ];
  for (const [expected, act] of cases) {
    assert.is(await served(onWeights(act), outcome), expected);
  }
  assert.is(await served(well, outcome), "loaded");
});

test("a connection cut in the middle", async () => {
  const cut = onWeights((response, body) => {
    response.writeHead(200, { "content-length": body.length });
    response.write(body.subarray(0, 100_000), () => response.destroy());
  });
  assert.match(await served(cut, outcome), /^Fetch(Failed|Truncated)$/);
});

test("an abort while a body comes slowly", async () => {
  const abort = new AbortController();
  const slow = onWeights((response, body) => {
    response.writeHead(200, { "content-length": body.length });
    response.write(body.subarray(0, 1000), () => setTimeout(() => abort.abort(), 20));
  });
  assert.is(await served(slow, (base) => outcome(base, abort.signal)), "Aborted");
});

test("where models do not come from", async () => {
  for (const url of ["http://example.com/m", "ftp://127.0.0.1/m", "data://x", "javascript://x", "ws://127.0.0.1/m"]) {
    assert.is(await outcome(url), "OriginDenied", url);
  }
});

test.run();
