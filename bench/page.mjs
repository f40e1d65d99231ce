// From navigation to what the reader sees, with a warm HTTP cache: our page's first heatmap beside the first prediction of
// a bare page on @huggingface/transformers (onnxruntime-web on WASM) with the same model. Interleaved, as medians of the
// rounds' ratios. `npm run bench:page`; the number of rounds is its argument.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { buildPage } from "../demo/build.mjs";
import { serve } from "../demo/serve.mjs";
import { onnx } from "./onnx.mjs";

const rounds = Number(process.argv[2] ?? 11);
const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));
const shipped = `${root}models/sst2-tiny/`;
const peer = `${root}build/peer/`;

const { engine, page } = await buildPage();
await buildPeer();

const cached = { "cache-control": "public, max-age=3600" };
const ours = await serve(`${root}demo/dist`, 0, cached);
const theirs = await serve(peer, 0, cached);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
// A service worker would answer from its own cache, and that is not what is compared.
const context = await browser.newContext({ serviceWorkers: "block" });

/** Milliseconds from navigation until the answer is on the screen, and bytes that came over the network. */
async function visit(url) {
  const tab = await context.newPage();
  await tab.goto(url);
  await tab.waitForFunction(() => performance.getEntriesByName("explained").length, undefined, { timeout: 120_000 });
  const found = await tab.evaluate(() => ({
    time: performance.getEntriesByName("explained")[0].startTime,
    verdict: document.querySelector("#classes, #verdict").textContent,
  }));
  await tab.close();
  return found;
}

const times = { ours: [], theirs: [] };
for (let i = -3; i < rounds; i++) {
  const a = await visit(ours.url);
  const b = await visit(theirs.url);
  if (i < 0) console.log(`warming: ours ${a.time.toFixed(0)} ms, theirs ${b.time.toFixed(0)} ms (${b.verdict})`);
  else {
    times.ours.push(a.time);
    times.theirs.push(b.time);
  }
}
await browser.close();
ours.close();
theirs.close();

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const ratio = median(times.ours.map((time, i) => time / times.theirs[i]));
console.log(`Chromium, warm HTTP cache, ${rounds} rounds, from navigation to what is painted:`);
console.log(`  relprop's page, first heatmap         ${median(times.ours).toFixed(0)} ms`);
console.log(`  transformers.js, first prediction     ${median(times.theirs).toFixed(0)} ms`);
console.log(`  median of ratios                      ${ratio.toFixed(2)} (at most 0.50)`);
console.log(`gzipped: our engine ${(engine / 1000).toFixed(1)} kB, the page's own ${(page / 1000).toFixed(1)} kB`);
process.exit(ratio <= 0.5 ? 0 : 1);

/** The peer's page: the library bundled, its runtime and the model beside it. */
async function buildPeer() {
  rmSync(peer, { recursive: true, force: true });
  mkdirSync(`${peer}models/sst2-tiny/onnx`, { recursive: true });
  mkdirSync(`${peer}ort`);
  cpSync(`${here}page/peer.html`, `${peer}index.html`);
  await build({
    entryPoints: [`${here}page/peer.js`],
    outfile: `${peer}peer.js`,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    logLevel: "error",
  });
  const runtime = createRequire(`${here}page/node_modules/@huggingface/transformers/package.json`);
  const dist = dirname(runtime.resolve("onnxruntime-web"));
  for (const kind of ["wasm", "mjs"]) {
    const file = `ort-wasm-simd-threaded.asyncify.${kind}`; // what transformers.js asks for
    cpSync(`${dist}/${file}`, `${peer}ort/${file}`);
  }
  for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
    cpSync(`${shipped}${file}`, `${peer}models/sst2-tiny/${file}`);
  }
  const config = JSON.parse(readFileSync(`${shipped}config.json`, "utf8"));
  const shape = { layers: config.num_hidden_layers, heads: config.num_attention_heads };
  writeFileSync(`${peer}models/sst2-tiny/onnx/model.onnx`, onnx(weights(`${shipped}model.safetensors`), shape));
}

/** The checkpoint's tensors, from F16 to F32. */
function weights(path) {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, start).toString());
  delete header.__metadata__;
  const read = ({ shape, data_offsets: [from, to] }) => {
    const bits = new Uint16Array(new Uint8Array(file.subarray(start + from, start + to)).buffer);
    return { shape, data: Float32Array.from(bits, half) };
  };
  return new Map(Object.entries(header).map(([name, info]) => [name, read(info)]));
}

function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
  return bits & 32768 ? -size : size;
}
