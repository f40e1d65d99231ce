// The custom element in a React app by Vite and in what a server renders, under a policy that allows no styles within pages.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { violations } from "../../demo/test/axe.ts";
import { run } from "./app.mjs";

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; worker-src 'self'; connect-src 'self'";
const MOST = 25; // lines of one's own, from an empty file to a heatmap

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The element's marks: their texts, names and backgrounds, and which one has the focus. */
const marks = () => {
  const root = document.querySelector("relprop-heatmap").shadowRoot;
  return [...root.querySelectorAll("mark")].map((mark) => ({
    text: mark.textContent,
    name: mark.getAttribute("aria-label"),
    color: getComputedStyle(mark).backgroundColor,
    focus: root.activeElement === mark,
  }));
};

/** React and its types beside the app's package. */
function withReact(app) {
  mkdirSync(app.in("node_modules/@types"), { recursive: true });
  for (const name of ["react", "react-dom", "scheduler", "@types/react", "@types/react-dom", "csstype"])
    if (!existsSync(app.in(`node_modules/${name}`)))
      symlinkSync(at(`node_modules/${name}`), app.in(`node_modules/${name}`), "dir");
}

/** As strictly as TypeScript can, with React's own types. */
async function compiled(app) {
  const strict = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: false,
    skipLibCheck: false,
  };
  const how = { target: "es2022", module: "esnext", moduleResolution: "bundler", jsx: "react-jsx", noEmit: true };
  const lib = ["es2022", "dom", "dom.iterable"];
  const compilerOptions = { ...strict, ...how, lib, types: [], preserveSymlinks: true };
  writeFileSync(app.in("react/tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.tsx", "client.tsx"] }));
  const tsc = at("../../node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", app.in("react")], { cwd: app.folder }).catch(({ stdout }) => {
    throw new Error(stdout);
  });
}

/** A page of few lines in React: a model in a worker, with progress; words in colour; keyboard, screen reader, policy. */
export async function react(app) {
  const lines = readFileSync(app.in("react/main.tsx"), "utf8").trim().split("\n");
  assert.ok(lines.length <= MOST, `${lines.length} lines`);
  withReact(app);
  await compiled(app);
  const { build } = await import("vite");
  await build({
    root: app.in("react"),
    base: "./",
    configFile: false,
    logLevel: "error",
    resolve: { preserveSymlinks: true },
    build: { outDir: app.in("out-react"), emptyOutDir: true },
    worker: { format: "es" },
  });
  const site = await app.site("out-react", { "content-security-policy": POLICY });
  try {
    await app.open(site.origin, async (page) => {
      await page.waitForFunction(() => document.querySelector("relprop-heatmap")?.segments?.length > 0);
      const found = await page.evaluate(marks);
      assert.deepEqual(
        found.map(({ text }) => text),
        ["A", "gorgeous", ",", "witty", ",", "seductive", "movie", "."],
      );
      assert.match(found[1].name, /^gorgeous \+0\.\d+$/);
      assert.notEqual(found[1].color, found[0].color);
      assert.match(found[1].color, /^(oklab|rgb|color)/);
      assert.deepEqual(await violations(page), []);

      await page.evaluate(() => {
        globalThis.heard = [];
        for (const type of ["tokenhover", "tokenselect"])
          document.addEventListener(type, ({ detail }) => globalThis.heard.push(`${type} ${detail?.text}`));
      });
      await page.getByLabel("Text").focus();
      for (const key of ["Tab", "ArrowRight", "Enter", "End"]) await page.keyboard.press(key);
      assert.deepEqual(
        (await page.evaluate(marks)).map(({ focus }) => focus),
        [false, false, false, false, false, false, false, true],
      );
      const heard = await page.evaluate(() => globalThis.heard.filter((one) => !one.endsWith("undefined")));
      assert.deepEqual(heard, ["tokenhover A", "tokenhover gorgeous", "tokenselect gorgeous", "tokenhover ."]);

      await page.getByLabel("Text").fill("unbelievably bad");
      await page.waitForFunction(
        () =>
          document
            .querySelector("relprop-heatmap")
            .segments.map(({ text }) => text)
            .join("|") === "unbelievably| |bad",
      );
      await page.getByLabel("Text").fill("");
      await page.waitForFunction(() => /empty/.test(document.querySelector("relprop-heatmap").shadowRoot.textContent));
    });
  } finally {
    site.close();
  }
}

/** The pages that a server makes of an explanation, in out-rendered: with React, without, without scripts, and html()'s. */
async function pages(app) {
  const out = (name) => app.in(`out-rendered/${name}`);
  const options = { bundle: true, format: "esm", logLevel: "error", preserveSymlinks: true, jsx: "automatic" };
  const server = { platform: "node", packages: "external", outfile: out("server.mjs") };
  await esbuild({ ...options, ...server, entryPoints: [app.in("react/server.tsx")] });
  await esbuild({ ...options, entryPoints: [app.in("react/client.tsx")], outfile: out("client.js") });
  const element = { contents: 'import "relprop/element"', resolveDir: app.folder };
  await esbuild({ ...options, stdin: element, outfile: out("element.js") });
  await run(process.execPath, [out("server.mjs"), out("rendered.json")], { cwd: app.folder });
  const { explanation, html, plain, page } = JSON.parse(readFileSync(out("rendered.json"), "utf8"));

  const script = (name) => `<script type="module" src="${name}.js"></script>`;
  const data = `<script type="application/json" id="explanation">${JSON.stringify(explanation)}</script>`;
  const write = (name, body) =>
    writeFileSync(
      out(`${name}.html`),
      `<!doctype html><html lang="en"><title>${name}</title><main>${body}</main></html>`,
    );
  write("react", `${data}<div id="root">${html}</div>${script("client")}`);
  write("plain", plain + script("element"));
  write("still", html);
  const torn = '<relprop-heatmap><script type="application/json">{"tokens": [</script></relprop-heatmap>';
  write("torn", torn + script("element"));
  writeFileSync(out("page.html"), page);
  cpSync(app.in("node_modules/relprop/dist/page.css"), out("page.css"));
}

/** What a server renders is seen without a script; React takes it over as it is; without React it works by itself. */
export async function rendered(app) {
  withReact(app);
  await pages(app);
  const site = await app.site("out-rendered");
  try {
    for (const name of ["still", "react", "plain"]) {
      await app.open(`${site.origin}/${name}.html`, async (page) => {
        if (name !== "still")
          await page.waitForFunction(() => document.querySelector("relprop-heatmap").segments?.length);
        const found = await page.evaluate(marks);
        assert.equal(found.map(({ text }) => text).join(" "), "A gorgeous , witty , unbelievably seductive movie .");
        assert.notEqual(found[1].color, found[0].color, name);
        assert.deepEqual(await violations(page), []);
        if (name !== "react") return;
        await page.getByText("witty").click();
        assert.deepEqual(await page.evaluate(() => globalThis.found), ["witty", "witty!"]);
      });
    }
    await app.open(`${site.origin}/torn.html`, async (page) => {
      await page.waitForFunction(() =>
        /no JSON/.test(document.querySelector("relprop-heatmap").shadowRoot?.textContent),
      );
    });
  } finally {
    site.close();
  }
}

/** html() with its stylesheet as a file keeps its colours and bars under a policy that allows no styles within pages. */
export async function strict(app) {
  withReact(app);
  await pages(app);
  const site = await app.site("out-rendered", { "content-security-policy": POLICY });
  try {
    await app.open(`${site.origin}/page.html`, async (page) => {
      const [color, bar] = await page.evaluate(() => {
        const [mark, rect] = ["mark.relprop-20", "td rect.for"].map((path) => document.querySelector(path));
        return [getComputedStyle(mark).backgroundColor, getComputedStyle(rect).fill];
      });
      assert.match(color, /^oklab\(0\.7/);
      assert.match(bar, /^rgb\(2/);
      assert.deepEqual(await violations(page), []);
    });
  } finally {
    site.close();
  }
}
