// What examples/ holds, run as it stands on the packed tarball.

import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { Miniflare } from "miniflare";
import { run } from "./app.mjs";
import { bundle, compile } from "./bundlers.mjs";
import { GPU_CANVAS, launch, serve, types } from "./chromium.mjs";
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

/** Its table has each example's relevance as relprop tells it and in closed form, which are the same. */
export async function inContext(app, row) {
  const file = join(app.in(copied(app, "in-context")), "main.ts");
  const { command, env } = runtimes[row];
  const args = row === "deno" ? ["run", "--allow-read", file] : [file];
  const options = { cwd: app.folder, env: { ...process.env, ...env, NO_COLOR: "1" }, timeout: 60_000 };
  for (const loops of [1, 7]) {
    const { stdout } = await run(command, [...args, String(loops)], options);
    const rows = [...stdout.matchAll(/→ \S+ +(-?[\d.]+) +(-?[\d.]+)$/gm)].map(([, a, b]) => [Number(a), Number(b)]);
    assert.equal(rows.length, 4, stdout);
    for (const [told, expected] of rows) assert.ok(Math.abs(told - expected) <= 1e-4, stdout);
    const [answer, together] = [/answer (\S+)/, /together +(\S+)/].map((part) => Number(part.exec(stdout)[1]));
    assert.ok(Math.abs(answer - together) <= 1e-4, stdout);
  }
}

/** The cloud is turned by mouse and by keyboard, on WebGPU and without; what points go first tells how fast the class does. */
export async function points(app) {
  const folder = copied(app, "points");
  // Beside the package there is what the example's package.json lists.
  const matrices = fileURLToPath(new URL("../../node_modules/wgpu-matrix", import.meta.url));
  cpSync(matrices, app.in("node_modules/wgpu-matrix"), { recursive: true });
  await compile(app, "dom,dom.iterable", join(folder, "main.ts"), ["bundler"]); // wgpu-matrix's types are for bundlers
  const options = { bundle: true, format: "esm", splitting: true, logLevel: "error", target: "es2022" };
  await esbuild({ ...options, entryPoints: [app.in(`${folder}/main.ts`)], outdir: app.in("out-points") });
  const site = await serve(async (path) => {
    if (path === "/favicon.ico") return ["image/x-icon", ""];
    if (/^\/[\w-]+\.js$/.test(path)) return [types[".js"], await readFile(app.in(`out-points${path}`))];
    const file = await readFile(app.in(`${folder}${path === "/" ? "/index.html" : path}`));
    if (path === "/") return [types[".html"], String(file).replace("/main.ts", "/main.js")];
    return [path.endsWith(".css") ? "text/css" : (types[extname(path)] ?? "text/plain"), file];
  });
  try {
    const problems = [];
    await app.open(site.origin, (page) => turned(page, "2D"), problems);
    const browser = await launch(...GPU_CANVAS);
    try {
      const page = await browser.newPage({ viewport: { width: 1000, height: 760 } });
      page.on("console", (message) => /error/.test(message.type()) && problems.push(message.text()));
      page.on("pageerror", (error) => problems.push(String(error)));
      await page.goto(site.origin);
      await turned(page, process.env.RELPROP_BACKENDS?.includes("webgpu") ? "WebGPU" : undefined);
      if (process.env.RELPROP_SHOTS) await page.screenshot({ path: `${process.env.RELPROP_SHOTS}/points.png` });
      await fades(page);
      // Files of a tokenizer, which this model has not, are asked for at once.
      const others = problems.filter((text) => !/404|No available adapters/.test(text));
      assert.deepEqual(others, []);
    } finally {
      await browser.close();
    }
  } finally {
    site.close();
  }
}

const explained = (page) => page.waitForFunction(() => document.body.dataset.state === "explained");

async function turned(page, painter) {
  await explained(page);
  const canvas = page.locator("canvas");
  const at = () => canvas.evaluate(({ dataset }) => [dataset.yaw, dataset.pitch, dataset.distance].map(Number));
  if (painter) assert.equal(await canvas.getAttribute("data-painter"), painter);
  assert.match(await canvas.getAttribute("aria-label"), /^A cloud of 256 points, coloured by relevance for mug$/);
  const [before, first] = [await at(), await canvas.screenshot()];
  const { x, y, width, height } = await canvas.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + 90, y + height / 2 + 40, { steps: 5 });
  await page.mouse.up();
  const [dragged, second] = [await at(), await canvas.screenshot()];
  assert.ok(Math.abs(dragged[0] - before[0]) > 0.3 && Math.abs(dragged[1] - before[1]) > 0.1, `${before} ${dragged}`);
  assert.ok(!first.equals(second), "other pixels");
  await canvas.focus();
  for (const key of ["ArrowLeft", "ArrowLeft", "ArrowUp", "+"]) await page.keyboard.press(key);
  const [turned, third] = [await at(), await canvas.screenshot()];
  assert.ok(turned[0] > dragged[0] + 0.25 && turned[1] > dragged[1] && turned[2] < dragged[2], `${dragged} ${turned}`);
  assert.ok(!second.equals(third), "other pixels again");
  await page.mouse.wheel(0, 200);
  await page.waitForFunction((near) => Number(document.querySelector("canvas").dataset.distance) > near, turned[2]);
  // Another class is explained when it is asked for.
  await page.click('[data-class="cylinder"]');
  await page.waitForFunction(() => /for cylinder$/.test(document.querySelector("canvas").ariaLabel));
  await explained(page);
  await page.click('[data-class="mug"]');
  await page.waitForFunction(() => /for mug$/.test(document.querySelector("canvas").ariaLabel));
}

/** Of every shape: without two fifths of its points, those of most relevance, at random, or those of least. */
async function fades(page) {
  const mean = { most: 0, random: 0, least: 0 };
  const shapes = await page.locator("#shapes button").allTextContents();
  for (const name of shapes) {
    await page.click(`#shapes button:text-is("${name}")`);
    await page.waitForFunction(
      (name) =>
        document.querySelector("#told").textContent.startsWith(`256 points: ${name}`) &&
        document.body.dataset.state === "explained",
      name,
    );
    await page.locator("[name=share]").fill("40");
    for (const order of Object.keys(mean)) {
      await page.locator("[name=order]").selectOption(order);
      await explained(page);
      const told = await page.textContent("#told");
      assert.match(told, /^Without 102 of 256 points/);
      mean[order] += Number(/([\d.]+) %/.exec(told)[1]) / shapes.length;
    }
  }
  const { most, random, least } = mean;
  console.log(
    `     the class without 40 % of the points: most relevance ${most.toFixed(1)} %, random ${random.toFixed(1)} %, least ${least.toFixed(1)} %`,
  );
  assert.ok(most < random - 5 && least > random - 5, JSON.stringify(mean));
}

/** The example of points, and digits-tiny by its name, on Vite's development server. */
export async function developed(app) {
  const folder = copied(app, "points");
  const matrices = fileURLToPath(new URL("../../node_modules/wgpu-matrix", import.meta.url));
  cpSync(matrices, app.in("node_modules/wgpu-matrix"), { recursive: true });
  cpSync(app.in(`${folder}/model`), app.in(`${folder}/public/model`), { recursive: true }); // as its `prepare` does
  writeFileSync(app.in(`${folder}/vite.config.ts`), "export default {};");
  writeFileSync(
    app.in(`${folder}/digits.js`),
    `import { load } from "relprop";
import digits from "relprop/models/digits-tiny";

const image = { data: new Uint8Array(28 * 28), width: 28, height: 28 };
globalThis.answers = load(digits, { backend: "wasm" }).then((model) => model.explain(image));
`,
  );
  writeFileSync(app.in(`${folder}/digits.html`), '<!doctype html><script type="module" src="/digits.js"></script>');
  const { createServer } = await import("vite");
  const how = { configFile: false, logLevel: "error", cacheDir: app.in(".vite-points"), worker: { format: "es" } };
  const server = await createServer({ root: app.in(folder), ...how, server: { port: 0, host: "127.0.0.1" } });
  await server.listen();
  const [origin] = server.resolvedUrls.local;
  try {
    const { answers } = await app.visit(`${origin}digits.html`);
    assert.equal(answers.tokens.length, 17);
    const problems = [];
    await app.open(origin, (page) => page.waitForSelector("#classes *", { timeout: 60_000 }), problems);
    assert.deepEqual(
      problems.filter((text) => !/No available adapters|favicon|404/.test(text)),
      [],
    );
  } finally {
    await server.close();
  }
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
      assert.equal(await frame.textContent(".relprop-text"), TEXT);
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
    await refused("?text=a&method=kernel-shap", 400, "InvalidOption");
    assert.equal((await (await get(`${asked}&method=attn-lrp`)).json()).method, "attn-lrp");
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
