// What examples/ holds, run as it stands on the packed tarball.

import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Miniflare } from "miniflare";
import { run } from "./app.mjs";
import { bundle, compile } from "./bundlers.mjs";
import { serve, types } from "./chromium.mjs";
import { runtimes } from "./runtimes.mjs";

const TEXT = "A gorgeous, witty, seductive movie.";

/** A copy of an example in the app's folder, where it finds the package. */
function copied(app, name) {
  cpSync(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), app.in(`examples/${name}`), {
    recursive: true,
  });
  return `examples/${name}`;
}

/** What Node prints of the text: JSON, and for a terminal. */
async function expected(app) {
  app.example ??= app.shell(runtimes.node, "example.js", TEXT);
  return app.example;
}

/** All but rounding, which is each runtime's own. */
const rounded = (text) => text.replace(/.*residual.*/, "").trim();

/** A script for a shell prints what Node does; without a text it says what is missing. */
export async function script(app, row) {
  const file = app.in(copied(app, `${row}.ts`));
  const { command, env } = runtimes[row];
  const args = row === "deno" ? ["run", "--allow-read", file] : [file];
  const options = { cwd: app.folder, env: { ...process.env, ...env, NO_COLOR: "1" }, timeout: 60_000 };
  if (row === "deno") await run(command, ["check", file], options);
  const { stdout } = await run(command, [...args, ...TEXT.split(" ")], options);
  assert.equal(rounded(stdout), rounded((await expected(app)).ansi));
  await assert.rejects(run(command, args, options), ({ code, stderr }) => code === 2 && stderr === "which text?\n");
}

/** The page, with the package's own files where a CDN's would be. */
export async function page(app) {
  const source = readFileSync(app.in(join(copied(app, "page"), "index.html")), "utf8");
  const cdn = /https:\/\/cdn\.jsdelivr\.net\/npm\/relprop\//g;
  assert.equal(source.match(cdn).length, 2);
  const site = await serve(async (path) => {
    if (path === "/") return [types[".html"], source.replace(cdn, `${site.origin}/`)];
    if (path === "/favicon.ico") return ["image/x-icon", ""];
    return [types[extname(path)] ?? "text/plain", await readFile(app.in(`node_modules/relprop${path}`))];
  });
  try {
    await app.open(site.origin, async (page) => {
      await page.waitForSelector("mark");
      const { explanation } = await expected(app);
      const words = explanation.tokens.filter(({ special }) => !special);
      const marks = await page.$$eval("mark", (all) => all.map((mark) => [mark.textContent, mark.title]));
      assert.deepEqual(
        marks,
        words.map(({ start, end, relevance }) => [TEXT.slice(start, end), relevance.toFixed(3)]),
      );
      assert.equal(await page.textContent("#heatmap"), TEXT);
      await page.fill("textarea", "A dull movie.");
      await page.waitForFunction(() => document.querySelector("#verdict").textContent.startsWith("negative"));
    });
  } finally {
    site.close();
  }
}

/** The Vite app: its types hold, it builds, and its page explains. */
export async function viteApp(app) {
  const folder = copied(app, "vite");
  await compile(app, "dom,dom.iterable", join(folder, "main.ts"));
  cpSync(app.in("public/model"), app.in(`${folder}/public/sst2-tiny`), { recursive: true });
  writeFileSync(app.in(`${folder}/public/favicon.ico`), "");
  const config = readFileSync(app.in(`${folder}/vite.config.ts`), "utf8");
  // Vite is not installed beside the app, so that its configuration is given without it.
  writeFileSync(app.in(`${folder}/vite.config.js`), config.replace(/import .*\n/, "const defineConfig = (c) => c;\n"));
  const { default: options } = await import(app.in(`${folder}/vite.config.js`));
  const { build } = await import("vite");
  await build({ root: app.in(folder), configFile: false, logLevel: "error", ...options });
  const site = await app.site(`${folder}/dist`);
  try {
    await app.open(site.origin, async (page) => {
      await page.click("button:enabled");
      const frame = await (await page.waitForSelector("iframe[srcdoc]")).contentFrame();
      await frame.waitForSelector("mark");
      const { explanation } = await expected(app);
      assert.match(await page.textContent("output"), new RegExp(`^${explanation.target.label}, `));
      assert.equal(await frame.textContent(".text"), TEXT);
    });
  } finally {
    site.close();
  }
}

/** The edge function answers many at once, as JSON and as a page, and says what is wrong; prints what it takes. */
export async function worker(app) {
  const folder = copied(app, "worker");
  await compile(app, "dom", join(folder, "index.ts"));
  const settings = JSON.parse(readFileSync(app.in(`${folder}/wrangler.jsonc`), "utf8").replace(/^ *\/\/.*/gm, ""));
  const { outdir, modules } = await bundle(app, `${folder}/index.ts`, ["workerd"]);
  cpSync(app.in("public/model"), app.in(`${folder}/${settings.assets.directory}/sst2-tiny`), { recursive: true });
  const miniflare = new Miniflare({
    name: settings.name,
    modulesRoot: outdir,
    modules,
    compatibilityDate: settings.compatibility_date,
    assets: {
      directory: app.in(`${folder}/${settings.assets.directory}`),
      binding: settings.assets.binding,
      routerConfig: { invoke_user_worker_ahead_of_assets: settings.assets.run_worker_first, has_user_worker: true },
    },
  });
  const get = (query, init) => miniflare.dispatchFetch(`http://edge.example/${query}`, init);
  try {
    await miniflare.ready;
    const idle = resident();
    const asked = `?text=${encodeURIComponent(TEXT)}`;
    const from = performance.now();
    const together = await Promise.all(Array.from({ length: 8 }, async () => (await get(asked)).json()));
    const started = performance.now() - from;
    const { explanation } = await expected(app);
    for (const answer of together) {
      answer.tokens.forEach(({ text, relevance }, i) => {
        assert.equal(text, explanation.tokens[i].text);
        assert.ok(Math.abs(relevance - explanation.tokens[i].relevance) < 1e-5);
      });
    }
    const warm = performance.now();
    for (let i = 0; i < 20; i++) await (await get(asked)).text();
    const each = (performance.now() - warm) / 20;

    const page = await get(asked, { headers: { Accept: "text/html,*/*" } });
    assert.match(page.headers.get("content-type"), /^text\/html/);
    assert.match(await page.text(), /^<!doctype html>[\s\S]*gorgeous/);
    const refused = async (query, status, code, init) => {
      const answer = await get(query, init);
      assert.equal(answer.status, status);
      if (code) assert.equal((await answer.json()).error.code, code);
    };
    await refused("", 400, "EmptyInput");
    await refused(`?text=${"long ".repeat(3000)}`, 400, "InputTooLong");
    await refused("?text=a&target=neutral", 400, "InvalidOption");
    await refused("elsewhere", 404);
    await refused(asked, 405, undefined, { method: "POST" });

    const gzip = (...files) => files.reduce((n, file) => n + gzipSync(readFileSync(file), { level: 9 }).length, 0);
    const script = gzip(...readdirSync(outdir).map((name) => join(outdir, name)));
    const vocabulary = gzip(app.in("public/model/tokenizer.json"));
    const kB = (n) => `${(n / 1000).toFixed(0)} kB`;
    const MB = (n) => `${(n / 1e6).toFixed(1)} MB`;
    const weights = statSync(app.in("public/model/model.safetensors")).size;
    console.log(
      `     the script ${kB(script)} gzip, with its vocabulary ${kB(script + vocabulary)} (a Worker may have 3 MB); ` +
        `weights ${MB(weights)}; first answers after ${started.toFixed(0)} ms, then ${each.toFixed(0)} ms each; ` +
        (idle ? `workerd grew by ${MB(resident() - idle)} to ${MB(resident())} (an isolate may have 128 MB)` : ""),
    );
  } finally {
    await miniflare.dispose();
  }
}

/** Bytes of memory that the workerd of this process has; undefined where there is no /proc. */
function resident() {
  try {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      if (!/^Name:\tworkerd/.test(status) || !status.includes(`\nPPid:\t${process.pid}\n`)) continue;
      return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
    }
  } catch {}
}
