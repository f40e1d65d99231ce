// Builds the page into demo/dist, a folder for any static server: `npm run demo`. With --serve it is served, too.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { together } from "../together.mjs";
import { glossaryPage, sentences, withTerms } from "./glossary.mjs";
import { serve } from "./serve.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));
const dist = `${here}dist/`;
const define = Object.fromEntries(
  Object.entries(sentences)
    .map(([term, text]) => [`GLOSSARY.${term}`, JSON.stringify(text)])
    .filter(([name]) => /^[\w.]+$/.test(name)),
);
const options = {
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
};

/** Builds demo/dist and returns what the page loads, in bytes after gzip. */
export async function buildPage() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  cpSync(`${here}icon.svg`, `${dist}icon.svg`);
  const page = (file) => readFileSync(`${here}${file}`, "utf8");
  for (const file of ["index.html", "images.html"]) writeFileSync(`${dist}${file}`, withTerms(page(file)));
  writeFileSync(`${dist}glossary.html`, glossaryPage(page("index.html")));
  cpSync(`${root}models`, `${dist}models`, { recursive: true, filter: (path) => !path.endsWith(".md") });
  for (const [name, font] of [
    ["serif", "source-serif-4"],
    ["sans", "source-sans-3"],
  ]) {
    const from = `${root}node_modules/@fontsource-variable/${font}/`;
    cpSync(`${from}files/${font}-latin-wght-normal.woff2`, `${dist}${name}.woff2`);
    cpSync(`${from}LICENSE`, `${dist}${name}.LICENSE.txt`);
  }
  await build({ ...options, entryPoints: [`${here}style.css`], outfile: `${dist}style.css`, external: ["*.woff2"] });
  const { metafile } = await build({
    ...options,
    entryPoints: [`${here}src/main.ts`, `${here}src/images.ts`, `${here}src/worker.ts`],
    outdir: dist,
    splitting: true,
    metafile: true,
    chunkNames: "[name]-[hash]",
    define, // strings alone: an object would be in a chunk that the worker loads
    plugins: [together(`${here}src/worker.ts`)],
    logOverride: { "ignored-bare-import": "silent" },
  });
  await serviceWorker();
  return sizes(metafile);
}

/** The service worker carries the list of all files and a hash of what is in them. */
async function serviceWorker() {
  const files = readdirSync(dist, { recursive: true })
    .filter((file) => statSync(`${dist}${file}`).isFile() && !file.endsWith(".txt"))
    .sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(`${dist}${file}`));
  await build({
    ...options,
    entryPoints: [`${here}src/sw.ts`],
    outfile: `${dist}service-worker.js`,
    define: {
      VERSION: JSON.stringify(hash.digest("hex").slice(0, 12)),
      FILES: JSON.stringify(["./", ...files]),
    },
  });
}

/**
 * What a page loads, gzipped: the engine is the worker's file, the larger backend and all that these import at once; the
 * rest is the page's own.
 */
function sizes({ outputs }) {
  const name = (path) => path.slice(path.lastIndexOf("/") + 1);
  const named = (start) => Object.keys(outputs).find((path) => name(path).startsWith(start));
  const reach = (start, isWanted) => {
    const found = new Set([named(start)]);
    for (const path of found)
      for (const { path: imported, kind } of outputs[path].imports) if (isWanted(kind)) found.add(imported);
    return found;
  };
  const weigh = (files) =>
    [...files].reduce((sum, file) => sum + gzipSync(readFileSync(`${dist}${file}`), { level: 9 }).length, 0);
  const atOnce = (...starts) => starts.flatMap((start) => [...reach(start, (kind) => kind === "import-statement")]);
  const whole = reach("worker.js", () => true);
  const own = Object.keys(outputs).filter((path) => !whole.has(path));
  return {
    engine: Math.max(...["wasm-", "webgpu-"].map((backend) => weigh(new Set(atOnce("worker.js", backend).map(name))))),
    page: weigh([...own.map(name), "index.html", "style.css", "service-worker.js"]),
    fonts: weigh(["serif.woff2", "sans.woff2"]),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const { engine, page, fonts } = await buildPage();
  console.log(
    `demo/dist, gzipped: engine ${kB(engine)} (at most 56 kB), the page's own ${kB(page)}, fonts ${kB(fonts)}`,
  );
  if (process.argv.includes("--serve")) {
    const { url } = await serve(dist, 8080);
    console.log(`${url}`);
  }
}
