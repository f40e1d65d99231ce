// A cold start, of a checkpoint of BERT-base's size in F32 (438 MB): the time until the first explanation beside the time to
// read the file and to explain once, and the most memory it took. From a folder and over HTTP with ranges, each round in a
// process of its own.
//
//   npm run bench -- load [--tokens 16] [--rounds 5] [--backend wasm]

import { spawn } from "node:child_process";
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "../dist/index.js";
import { median, options, ratio, runtime, table } from "./harness.mjs";
import { randomWeights, safetensors, settings, shapes, text } from "./random-model.mjs";

const asked = options({ tokens: "16", rounds: "5", backend: "wasm", child: "" });
const FILE = "model.safetensors";
if (asked.child) await child(asked.child);
else await parent();

/** One cold start from a folder or a URL; tells what it took as a line of JSON. */
async function child(source) {
  const words = text(Number(asked.tokens));
  let external = 0;
  const look = () => {
    external = Math.max(external, process.memoryUsage().external);
  };
  const read = await time(() => readOnce(source));
  global.gc?.();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const model = await load(source, { backend: asked.backend, onProgress: look });
  const loaded = performance.now() - start;
  await model.explain(words);
  const first = performance.now() - start;
  look();
  const runs = [];
  for (let i = 0; i < 3; i++) runs.push(await time(() => model.explain(words)));
  const run = median(runs);
  const peak = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ read, loaded, first, run, before, peak, external }));
  process.exit(0);
}

async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The file's bytes once, kept nowhere. */
async function readOnce(source) {
  if (/^http/.test(source)) {
    const reader = (await fetch(`${source}${FILE}`)).body.getReader();
    while (!(await reader.read()).done);
    return;
  }
  const file = await open(join(source, FILE));
  const buffer = new Uint8Array(2 ** 22);
  while ((await file.read(buffer)).bytesRead);
  await file.close();
}

async function parent() {
  const folder = mkdtempSync(join(tmpdir(), "relprop-bench-"));
  const shape = { ...shapes["BERT-base"], words: 30522 };
  const file = createWriteStream(join(folder, FILE));
  for (const part of safetensors(randomWeights(shape))) {
    await new Promise((resolve) => file.write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), resolve));
  }
  await new Promise((resolve) => file.end(resolve));
  for (const [name, contents] of Object.entries(settings(shape))) writeFileSync(join(folder, name), contents);
  const { size } = statSync(join(folder, FILE));

  const server = createServer((request, response) => {
    const path = join(folder, new URL(request.url, "http://localhost").pathname);
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) return response.writeHead(404).end();
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const end = Math.min(to ? Number(to) : found.size - 1, found.size - 1);
    const headers = { "content-length": end - start + 1, etag: '"1"', "content-type": "application/octet-stream" };
    if (from) headers["content-range"] = `bytes ${start}-${end}/${found.size}`;
    response.writeHead(from ? 206 : 200, headers);
    createReadStream(path, { start, end })
      .on("error", () => response.destroy())
      .pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  try {
    const places = { "a folder": `${folder}/`, HTTP: `http://127.0.0.1:${server.address().port}/` };
    const all = Object.fromEntries(Object.keys(places).map((place) => [place, []]));
    for (let round = 0; round < Number(asked.rounds); round++) {
      for (const [place, source] of Object.entries(places)) all[place].push(await spawned(source));
    }
    const MB = (bytes) => (bytes / 1e6).toFixed(0);
    const rows = Object.entries(all).map(([place, runs]) => {
      const of = (key) => runs.map((run) => run[key]);
      const times = { first: of("first"), floor: runs.map(({ read, run }) => read + run) };
      const peaks = runs.map(({ peak, before }) => peak - before);
      return [
        place,
        ratio(times, "first", "floor"),
        ...["read", "loaded", "run"].map((key) => median(of(key)).toFixed(0)),
        MB(Math.max(...of("peak"))),
        MB(median(of("before"))),
        MB(Math.max(...of("external"))),
        (Math.max(...of("peak")) / size).toFixed(3),
        (Math.max(...peaks) / size).toFixed(3),
      ];
    });
    console.log(
      `BERT-base, ${MB(size)} MB of F32, ${asked.tokens} tokens, ${runtime()}, ${asked.backend}, ${asked.rounds} rounds\n`,
    );
    const head = ["from", "first explanation / (read + run)", "read ms", "load ms", "run ms"];
    const memory = ["peak RSS MB", "RSS before MB", "buffers MB", "peak / weights", "(peak − before) / weights"];
    console.log(table([...head, ...memory], rows));
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

function spawned(source) {
  return new Promise((resolve, reject) => {
    const args = [
      fileURLToPath(import.meta.url),
      "--child",
      source,
      "--tokens",
      asked.tokens,
      "--backend",
      asked.backend,
    ];
    const flags = process.argv0.includes("bun") ? [] : ["--expose-gc"];
    const child = spawn(process.execPath, [...flags, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.on("close", (status) =>
      status ? reject(new Error(`a cold start ended with ${status}`)) : resolve(JSON.parse(out)),
    );
  });
}
