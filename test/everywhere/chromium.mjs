// Chromium with WebGPU on SwiftShader, and the uvu files in it as they are: each module is served with its types taken off.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { chromium } from "playwright-core";

const root = new URL("../..", import.meta.url);

export const launch = (...args) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });

export const GPU = "--enable-unsafe-webgpu";

/** A page whose canvas is drawn by WebGPU: SwiftShader in software for compositing too; demo/test/browser.ts has the same. */
export const GPU_CANVAS = [
  GPU,
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--ignore-gpu-blocklist",
];

/** Serves what `answer` returns for a path: [content type, body, headers?], or nothing for 404. */
export async function serve(answer) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const found = await Promise.resolve(answer(pathname)).catch((error) => {
      if (error.code !== "ENOENT" && error.code !== "EISDIR") console.error(error);
    });
    if (!found) return response.writeHead(404).end();
    const [type, body, headers] = found;
    const length = Buffer.byteLength(body);
    response.writeHead(200, { "content-type": type, "content-length": length, ...headers }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}

export const types = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".safetensors": "application/octet-stream",
};

// What the test files import by name, and Node's file system over synchronous requests.
const bare = { uvu: "*", "uvu/assert": "*", "fast-check": "{ default }", "@huggingface/tokenizers": "*" };
const fileSystem = `
  function get(url) {
    const request = new XMLHttpRequest();
    request.open("GET", url, false);
    request.overrideMimeType("text/plain; charset=x-user-defined"); // bytes come as they are
    request.send();
    return request.status === 200 ? Uint8Array.from(request.responseText, (c) => c.charCodeAt(0)) : undefined;
  }
  export const existsSync = (url) => get(url) !== undefined;
  export function readFileSync(url, encoding) {
    const bytes = get(url);
    if (!bytes) throw new Error("there is no " + url);
    return encoding ? new TextDecoder().decode(bytes) : bytes;
  }`;
const names = [...Object.keys(bare), "node:fs"];
const page = `<!doctype html><title>tests</title>
  <script type="importmap">${JSON.stringify({ imports: Object.fromEntries(names.map((n) => [n, `/@/${n}`])) })}</script>`;

const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

const modules = new Map();
async function module(path) {
  const name = path.slice(3);
  if (name === "node:fs") return fileSystem;
  if (!bare[name]) return undefined;
  const options = { bundle: true, format: "esm", platform: "browser", write: false };
  const contents = `export ${bare[name]} from ${JSON.stringify(name)}`;
  const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: fileURLToPath(root) } });
  return outputFiles[0].text;
}

/** What the page of the tests is served: it, the sources without their types, the package as it was built. */
export async function answer(path) {
  if (path === "/") return [types[".html"], page, isolated];
  if (path === "/favicon.ico") return ["image/x-icon", ""];
  if (path.startsWith("/@/")) {
    if (!modules.has(path)) modules.set(path, module(path));
    return [types[".js"], await modules.get(path), isolated];
  }
  if (!/^\/(src|test|models|examples|dist)\//.test(path)) return undefined;
  const body = await readFile(new URL(`.${path}`, root));
  if (!path.endsWith(".ts")) return [types[extname(path)] ?? "text/plain", body, isolated];
  const { code } = await transform(body, { loader: "ts", target: "es2022", sourcemap: "inline", sourcefile: path });
  return [types[".js"], code, isolated];
}

/** Runs test files in one page and gives `print` what uvu prints. */
export async function runTests(files, backends, print = (text) => process.stdout.write(text)) {
  const server = await serve(answer);
  const browser = await launch(GPU);
  try {
    const page = await browser.newPage();
    // uvu writes in pieces, with its own ends of lines.
    let printed = "";
    page.on("console", (message) => {
      const text = message.text().replace(/(?<![\n ])$/, "\n");
      print(text);
      printed += text;
    });
    page.on("pageerror", (error) => console.error(error));
    await page.goto(server.origin);
    const run = page.evaluate(
      async ({ files, backends }) => {
        const listeners = new Map();
        globalThis.process = {
          env: { RELPROP_BACKENDS: backends },
          on(type, listener) {
            if (type !== "unhandledRejection") return;
            listeners.set(listener, ({ reason }) => listener(reason));
            addEventListener("unhandledrejection", listeners.get(listener));
          },
          off: (_type, listener) => removeEventListener("unhandledrejection", listeners.get(listener)),
        };
        globalThis.UVU_DEFER = true;
        const { exec } = await import("uvu");
        globalThis.UVU_QUEUE = [];
        for (const file of files) {
          globalThis.UVU_INDEX = globalThis.UVU_QUEUE.push([file]) - 1;
          await import(`/test/${file}`);
          if (globalThis.UVU_QUEUE.at(-1).length === 1) throw new Error(`${file} runs no tests`);
        }
        await exec();
      },
      { files, backends },
    );
    const crash = new Promise((_, reject) => page.on("crash", () => reject(new Error("the page crashed"))));
    await Promise.race([run, crash]);
    const [, total, passed] = /Total: +(\d+)\s+Passed: +(\d+)/.exec(printed) ?? [];
    if (!total || total !== passed) throw new Error(`${passed} of ${total} tests passed`);
  } finally {
    await browser.close();
    server.close();
  }
}

// node chromium.mjs FILE…: those test files alone.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runTests(process.argv.slice(2), process.env.RELPROP_BACKENDS ?? "wasm,webgpu");
}
