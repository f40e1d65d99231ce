// Every check of the packed tarball: the row of the table of docs/reference/where-it-runs.md it belongs to, its name there, and what it does.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { INSECURE, run } from "./app.mjs";
import { bundled, edge, unbundled, viteBuild, viteServer, webpack } from "./bundlers.mjs";
import { developed, inContext, page, points, script, viteApp, worker } from "./examples.mjs";
import { keeps, said } from "./faults.mjs";
import { react, rendered, strict } from "./heatmap.mjs";
import { runtimes } from "./runtimes.mjs";
import { everyVersion } from "./typescript.mjs";

const wasm = { backend: "wasm", deterministic: true };
const shells = ["node", "node26", "deno", "bun"];
const COMPILE = "'wasm-unsafe-eval'";
/** Queries of app/page.js: on the page's own thread, in a worker that load() starts, in one that the page starts. */
const OWN_WORKER = ["", "?worker=own"];
const WORKERS = ["?worker=true", ...OWN_WORKER];
const withDawn = ["node", "node26", "bun"];

function refused(answer, code, message) {
  assert.equal(answer.code, code, JSON.stringify(answer));
  assert.match(answer.message, message);
}

/** What works. */
export const works = [
  ...shells.map((row) => ({
    row,
    name: "import",
    async body(app) {
      await app.same(await app.shell(runtimes[row], "shell.js", wasm), true);
      await app.same(await app.shell(runtimes[row], "shell.js", {}), false);
      await app.same(await app.shell(runtimes[row], "shell.js", { ...wasm, worker: true }), true);
    },
  })),
  ...["node", "node26", "bun"].map((row) => ({
    row,
    name: "require",
    body: async (app) => app.same(await app.shell(runtimes[row], "require.cjs", wasm), true),
  })),
  {
    row: "workerd",
    name: "import",
    body: (app) =>
      edge(app, {}, async (get) => {
        await app.same(await get("/?deterministic"), true);
        await app.same(await get("/"), false);
      }),
  },
  {
    row: "workerd",
    name: "kernels given",
    body: (app) => edge(app, { entry: "edge-given.js", conditions: [] }, async (get) => app.same(await get("/"), true)),
  },
  { row: "vite", name: "dev server", body: (app) => viteServer(app, "vite", WORKERS) },
  { row: "vite7", name: "dev server", body: (app) => viteServer(app, "vite7", OWN_WORKER) },
  ...["vite", "vite7"].map((row) => ({ row, name: "build", body: (app) => viteBuild(app, row, WORKERS) })),
  { row: "webpack", name: "build", body: (app) => webpack(app, WORKERS) },
  { row: "esbuild", name: "build", body: (app) => bundled(app, OWN_WORKER) },
  {
    row: "chromium",
    name: "one file from another origin, under a CSP",
    body: (app) => unbundled(app, { scripts: COMPILE }, (origin) => app.page(origin, WORKERS)),
  },
  {
    row: "chromium",
    name: "a model from its cache",
    body: (app) =>
      keeps(app.in("public/model"), async (base) => {
        await unbundled(app, { scripts: COMPILE, connect: base, page: "page-faults.js" }, async (origin) => {
          const { answers } = await app.visit(`${origin}/?cached&base=${base}`);
          assert.deepEqual(answers, ["loaded", "loaded"]);
        });
      }),
  },
  { row: "typescript", name: "types", body: everyVersion },
  ...["deno", "bun"].map((row) => ({ row, name: "its example", body: (app) => script(app, row) })),
  ...["deno", "bun"].map((row) => ({ row, name: "the in-context example", body: (app) => inContext(app, row) })),
  { row: "chromium", name: "the example of points", body: points },
  { row: "vite", name: "a heatmap in React", body: react },
  { row: "vite", name: "points and digits on the dev server", body: developed },
  { row: "chromium", name: "a heatmap rendered on a server", body: rendered },
  { row: "chromium", name: "a page under a strict policy", body: strict },
  ...Object.entries({ chromium: page, workerd: worker, vite: viteApp }).map(([row, body]) => ({
    row,
    name: "its example",
    body,
  })),
];

/** What is missing, and what each runtime says about it. */
export const says = [
  ...withDawn.map((row) => ({
    row,
    name: "no WebGPU",
    async body(app) {
      const answer = await app.shell(runtimes[row], "shell.js", { backend: "webgpu" });
      refused(answer, "GpuUnavailable", /the package `webgpu` does not load: `npm install webgpu`/);
    },
  })),
  {
    row: "deno",
    name: "no WebGPU",
    async body(app) {
      // A kind of GPU that Linux has not, so that none is found.
      const blind = { ...runtimes.deno, env: { DENO_WEBGPU_BACKEND: "metal" } };
      const answer = await app.shell(blind, "shell.js", { backend: "webgpu" });
      refused(answer, "GpuUnavailable", /WebGPU found no GPU on this machine/);
    },
  },
  {
    row: "deno",
    name: "no --allow-read",
    async body(app) {
      const { command, env } = runtimes.deno;
      const code = `import { load } from "relprop";
await load("./public/model").catch(({ code, message }) => console.log(JSON.stringify({ code, message })));`;
      writeFileSync(app.in("unread.js"), code);
      const options = { cwd: app.folder, env: { ...process.env, ...env } };
      const { stdout } = await run(command, ["run", "--no-prompt", app.in("unread.js")], options);
      refused(JSON.parse(stdout), "MissingFile", /"\.\/public\/model" cannot be read: .*--allow-read/);
    },
  },
  {
    row: "workerd",
    name: "no WebGPU",
    body: (app) =>
      edge(app, {}, async (get) =>
        refused(await get("/?backend=webgpu"), "GpuUnavailable", /has no WebGPU; the wasm backend/),
      ),
  },
  {
    row: "workerd",
    name: "no kernels",
    body: (app) =>
      edge(app, { conditions: [] }, async (get) =>
        refused(await get("/"), "WasmUnavailable", /an edge function imports "relprop\/kernels.wasm" and passes it/),
      ),
  },
  {
    row: "chromium",
    name: "no wasm-unsafe-eval",
    body: (app) =>
      unbundled(app, {}, async (origin) => {
        const { answers } = await app.visit(origin);
        refused(answers, "WasmUnavailable", /Content-Security-Policy must allow 'wasm-unsafe-eval'/);
      }),
  },
  {
    row: "chromium",
    name: "no WebGPU, no https",
    body: (app) =>
      unbundled(app, { scripts: COMPILE }, async (origin) => {
        const { answers } = await app.visit(`${origin}/?backend=webgpu`);
        refused(answers, "GpuUnavailable", /WebGPU found no GPU on this machine|this runtime has no WebGPU/);
        const there = await app.visit(`${origin.replace("127.0.0.1", INSECURE)}/?backend=webgpu`);
        refused(there.answers, "GpuUnavailable", /this runtime has no WebGPU; the wasm backend/);
      }),
  },
  // A server that has no weights, an HTML page for weights, or weights that break off; a caller who aborts.
  ...shells.map((row) => ({
    row,
    name: "a server's faults",
    body: (app) => said(app.in("public/model"), (base) => app.shell(runtimes[row], "shell-faults.js", base)),
  })),
  {
    row: "chromium",
    name: "a server's faults",
    body: (app) =>
      said(app.in("public/model"), async (base) => {
        let found;
        await unbundled(app, { scripts: COMPILE, connect: base, page: "page-faults.js" }, async (origin) => {
          found = await app.visit(`${origin}/?base=${base}`);
        });
        return found.answers;
      }),
  },
  {
    row: "workerd",
    name: "a server's faults",
    body: (app) =>
      said(app.in("public/model"), (base) =>
        edge(app, { entry: "edge-faults.js", network: true }, (get) => get(`/?base=${base}`)),
      ),
  },
];

/** The optional peer, once it is installed: found, or given; nothing crashes when its entry point could be collected. */
export const dawn = withDawn.flatMap((row) =>
  [{ backend: "webgpu" }, { backend: "webgpu", gpu: true }].map((options) => ({
    row,
    name: options.gpu ? "webgpu given" : "webgpu found",
    async body(app) {
      const flags = row === "bun" ? [] : ["--expose-gc"];
      await app.same(await app.shell(runtimes[row], "shell.js", options, ...flags), false);
    },
  })),
);
