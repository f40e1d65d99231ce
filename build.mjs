// Builds the package: `node build.mjs` for everything, `node build.mjs generate` for what the sources import, of which
// `shaders` or `kernels`, and `usual` or `rare` ones, may be named alone.
//   build/kernels*.wasm  the kernels of assembly/, without and with relaxed SIMD
//   src/generated/       shaders and kernels as strings, so that no runtime or bundler needs a loader
//   dist/                the package: index.js, the same for edge runtimes and in one file for pages, evaluate.js,
//                        element.js, react.js, worker.js, cli.js, stylesheets, declarations
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { together } from "./together.mjs";

const tool = (name, ...args) => execFileSync(process.execPath, [`node_modules/${name}`, ...args], { stdio: "inherit" });

/** The builds in asconfig.json, and their files in build/ and dist/. */
const builds = { simd: "kernels.wasm", relaxed: "kernels.relaxed.wasm" };

/**
 * Shaders and activations that most explanations do without: of long texts, of some families and of other rules for dense
 * layers. The backends load them when they must.
 */
const RARE = new RegExp(
  `^(${[
    "experts|group_rows|top_k|attend|attend_keys|attend_queries|attend_values|scale_rows|mul|segments|plain_weights|rotary|signs|soft_cap|relative_shift|softmax_grad|softmax_span|stabilize|decode|experts_narrow|linear_narrow",
    "write_rows",
    "gelu_10|gelu_tanh|hardswish|laplace|leaky_relu|mish|quick_gelu|relu|relu2|relu6|sigmoid|silu|sqrtsoftplus",
  ].join("|")})$`,
);

/** Names of a folder's sources, the usual ones and the rare ones. */
function names(folder) {
  const all = readdirSync(folder).flatMap((file) => /^(\w+)\.(wgsl|ts)$/.exec(file)?.[1] ?? []);
  return { usual: all.filter((name) => !RARE.test(name)), rare: all.filter((name) => RARE.test(name)) };
}

const note = "// Written by build.mjs; do not edit.\n";

/** Activations of assembly/activations/, each its closed forms and the kernels of assembly/lib/activation.ts in one file. */
function generateActivations() {
  mkdirSync("assembly/generated", { recursive: true });
  const shared = readFileSync("assembly/lib/activation.ts", "utf8");
  const kernels = [...shared.matchAll(/^export function (\w+)/gm)].map(([, kernel]) => kernel);
  const lines = { usual: [], rare: [] };
  for (const [when, some] of Object.entries(names("assembly/activations"))) {
    for (const name of some) {
      writeFileSync(
        `assembly/generated/${name}.ts`,
        note + readFileSync(`assembly/activations/${name}.ts`, "utf8") + shared,
      );
      for (const kernel of kernels) {
        // Gradients and what is kept of them need other rare kernels anyway.
        const asked = /^(grad|kept)$/.test(kernel) ? "rare" : when;
        lines[asked].push(`export { ${kernel} as ${name}_${kernel} } from "./${name}";\n`);
      }
    }
  }
  for (const [when, some] of Object.entries(lines)) {
    writeFileSync(`assembly/generated/${when}.ts`, note + some.join(""));
  }
}

/** What the kernels are made of: their sources, how they are compiled, and by which compiler. */
function kernelSources() {
  const sources = readdirSync("assembly", { recursive: true }).filter((file) => /^(?!generated).*\.ts$/.test(file));
  const files = [...sources.sort().map((file) => `assembly/${file}`), "asconfig.json", "build.mjs"];
  const hash = createHash("sha256").update(readFileSync("node_modules/assemblyscript/package.json"));
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(file));
  return hash.digest("hex");
}

/**
 * Kernels as files, all of them and the rare ones by themselves, and as texts, the usual ones and the rare ones. `quick`: as
 * texts alone and not optimised, the first build in both builds' places, for test/mutate.
 */
function generateKernels(quick = false, wanted = ["usual", "rare"]) {
  const targets = quick ? ["simd"] : Object.keys(builds);
  const stamp = "build/kernels.sha256";
  const made = [stamp, "src/generated/kernels.ts", "src/generated/rare-kernels.ts"];
  const sources = kernelSources();
  if (!quick && made.every(existsSync) && readFileSync(stamp, "utf8") === sources) return; // compiling takes longest of all
  rmSync(stamp, { force: true });
  const compile = (target, entry, ...how) => {
    tool("assemblyscript/bin/asc.js", `assembly/${entry}.ts`, "--config", "asconfig.json", "--target", target, ...how);
  };
  if (!quick) for (const target of targets) compile(target, "index");
  // Both share a memory: what the rare ones keep there lies before what the usual ones do.
  for (const [entry, name, base] of [
    ["usual", "kernels", "4096"],
    ["rare", "rare-kernels", "1024"],
  ]) {
    if (!wanted.includes(entry)) continue;
    const [simd, relaxed = simd] = targets.map((target) => {
      const file = `build/${entry}.${target}.wasm`;
      compile(target, entry, "--outFile", file, "--memoryBase", base, ...(quick ? ["-O0"] : []));
      return readFileSync(file);
    });
    // Half by half, the second build costs next to nothing: what it repeats lies within deflate's window of 32 KiB.
    const parts = [simd, relaxed].map((all) => [all.subarray(0, all.length >> 1), all.subarray(all.length >> 1)]);
    const halves = [parts[0][0], parts[1][0], parts[0][1], parts[1][1]];
    const text = deflateRawSync(Buffer.concat(halves), { level: 9 }).toString("base64");
    const size = `export const simdBytes: number = ${simd.length};\n`;
    writeFileSync(`src/generated/${name}.ts`, `${note}${size}export const kernels: string =\n  "${text}";\n`);
  }
  if (!quick) writeFileSync(stamp, sources);
}

function generate() {
  mkdirSync("src/generated", { recursive: true });
  generateActivations();
  generateKernels();
  generateShaders();
}

/** A shader without comments and spaces. */
function dense(code) {
  const bare = code.replace(/\/\/.*/g, "").replace(/^\s+/gm, "");
  const close = bare.replace(/ ?([{}()[\],;:=+*/<>&|!%^?]) ?/g, "$1").replace("struct Args{", "struct Args {");
  // Declarations keep a line each, and minus signs their distance.
  return `${close
    .replace(/ - (?!-)/g, "-")
    .replace(/\n(?!@|fn |const |struct |var<|override )/g, "")
    .trim()}\n`;
}

/** The parts of shaders/lib/ that a shader names in its first line, `// lib: a, b`, each after those that it names itself. */
function parts(code) {
  const named = /^\/\/ lib: (.+)/.exec(code)?.[1].split(", ") ?? [];
  return [...new Set(named.flatMap((name) => [...parts(readFileSync(`shaders/lib/${name}.wgsl`, "utf8")), name]))];
}

/** Shaders as texts, each behind its parts of lib/; and as files of build/shaders/ that any tool for WGSL reads. */
function generateShaders() {
  rmSync("build/shaders", { recursive: true, force: true });
  mkdirSync("build/shaders", { recursive: true });
  const folders = ["shaders", "shaders/activations"];
  const shared = { usual: [], rare: [] };
  const shaders = { usual: [], rare: [] };
  for (const when of ["usual", "rare"]) {
    for (const folder of folders) {
      for (const file of names(folder)[when]) {
        const code = readFileSync(`${folder}/${file}.wgsl`, "utf8");
        const before = parts(code);
        const whole = [...before.map((part) => readFileSync(`shaders/lib/${part}.wgsl`, "utf8")), code];
        writeFileSync(`build/shaders/${file}.wgsl`, whole.join("\n"));
        for (const part of before)
          if (!shared.usual.includes(part) && !shared[when].includes(part)) shared[when].push(part);
        shaders[when].push([file, [...before.map((part) => `lib.${part}`), JSON.stringify(dense(code))].join(" + ")]);
      }
    }
  }
  const record = (name, lines) => `export const ${name}: Readonly<Record<string, string>> = {\n${lines.join("")}};\n`;
  const lib = (when) =>
    shared[when].map(
      (part) => `  ${part}: ${JSON.stringify(dense(readFileSync(`shaders/lib/${part}.wgsl`, "utf8")))},\n`,
    );
  const entries = (when) => shaders[when].map(([file, text]) => `  ${file}: ${text},\n`);
  const more = 'import { lib as usual } from "./shaders.ts";\n\n';
  writeFileSync(
    "src/generated/shaders.ts",
    `${note}${record("lib", lib("usual"))}\n${record("shaders", entries("usual"))}`,
  );
  const own = record("lib", ["  ...usual,\n", ...lib("rare")]).replace("export ", "");
  writeFileSync("src/generated/rare.ts", `${note}${more}${own}\n${record("rare", entries("rare"))}`);
}

/** The code of threads, as a text that workers start from. */
async function generateWorker() {
  const entry = { ...options, minify: true, format: "iife", globalName: "thread", write: false };
  const { outputFiles } = await build({ ...entry, entryPoints: ["src/backends/wasm/thread.ts"] });
  const text = JSON.stringify(outputFiles[0].text);
  writeFileSync("src/generated/worker.ts", `${note}export const worker: string =\n  ${text};\n`);
}

const options = { bundle: true, format: "esm", target: "es2022", legalComments: "none", logLevel: "warning" };
const page = { platform: "browser", minify: true };

/** An entry for edge runtimes that import kernels by paths that end in `query`. */
function edgeEntry(name, exported, query) {
  const lines = [
    `import relaxed from "./kernels.relaxed.wasm${query}";`,
    `import simd from "./kernels.wasm${query}";`,
    `import { provide } from "./relprop.min.js";`,
    "provide({ simd, relaxed });",
    `export { ${exported.join(", ")} } from "./relprop.min.js";`,
  ];
  writeFileSync(`dist/${name}.js`, `${lines.join("\n")}\n`);
}

/** Deletes the declarations that no entry's refer to. */
function prune(...entries) {
  const needed = new Set();
  const walk = (file) => {
    if (needed.has(file)) return;
    needed.add(file);
    for (const [, path] of readFileSync(file, "utf8").matchAll(/(?:from |import\()"(\.[^"]+)\.[jt]s"/g)) {
      walk(resolve(file, "..", `${path}.d.ts`));
    }
  };
  for (const entry of entries) walk(resolve(entry));
  for (const file of readdirSync("dist/types", { recursive: true })) {
    const path = resolve("dist/types", file);
    if (file.endsWith(".d.ts") && !needed.has(path)) rmSync(path);
  }
}

/** The sources start their worker from its source, the package from dist/worker.js, which `how` says where to find. */
const worker = (how) => ({
  name: "worker",
  setup({ onLoad }) {
    onLoad({ filter: /\/worker\/spawn\.ts$/ }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      const built = code.replace('new URL("./worker.ts", import.meta.url)', how).replace("worker.ts", "worker.js");
      if (built.includes("worker.ts") || !built.includes(how)) throw new Error(`${path} starts its worker otherwise`);
      return { contents: built, loader: "ts" };
    });
  },
});

/** Minified code loses the comments that keep bundlers from following imports of packages that need not be there. */
const unfollowed = (code) =>
  code.replace(/\bimport\((?=[a-z])/gi, "import(/* @vite-ignore *//* webpackIgnore: true */");

async function bundle() {
  rmSync("dist", { recursive: true, force: true });
  const external = ["node:*"];
  const plugins = [worker('new URL("./worker.js", import.meta.url)')]; // spelt as bundlers look for it
  const index = { ...options, entryPoints: ["src/index.ts"], external, plugins };
  // The entries share their code, and the backends are files of their own, of which a page loads one.
  const shared = { splitting: true, chunkNames: "[name]-[hash]", outdir: "dist" };
  const entryPoints = ["src/index.ts", "src/evaluate.ts", "src/cli.ts"];
  const logOverride = { "ignored-bare-import": "silent" };
  await build({
    ...index,
    ...shared,
    minify: true,
    entryPoints,
    plugins: [...plugins, together("src/index.ts", "src/evaluate.ts", "src/cli.ts")],
    logOverride,
  });
  // Files of their own, so that a page without a model loads no engine, and a page with one no further file.
  const display = { ...options, ...shared, external: ["react"], chunkNames: "heatmap-[hash]", minify: true };
  await build({ ...display, entryPoints: ["src/element.ts", "src/react.ts"] });
  // esbuild keeps imports of nothing for their side effects; there are none, and bundlers would warn of them.
  for (const file of readdirSync("dist")) {
    const code = readFileSync(`dist/${file}`, "utf8");
    // Frameworks that render on servers ask for the directive.
    const before = file === "react.js" ? '"use client";' : "";
    writeFileSync(`dist/${file}`, before + unfollowed(code.replace(/\bimport"\.\/[^"]+";/g, "")));
  }
  // All in one file, for pages without a bundler; and for edge functions, which hand it kernels compiled beforehand.
  const { version, license } = JSON.parse(readFileSync("package.json", "utf8"));
  const banner = `/* relprop ${version}, ${license} */`;
  const { metafile } = await build({
    ...options,
    ...page,
    entryPoints: ["src/index.page.ts"],
    outfile: "dist/relprop.min.js",
    metafile: true,
    banner: { js: banner },
    plugins: [worker("file()")], // bundlers follow index.js to worker.js to here, and must not be sent round again
  });
  writeFileSync("dist/worker.js", 'import { serve } from "./relprop.min.js";\n\nserve();\n');

  writeFileSync("dist/relprop.min.js", unfollowed(readFileSync("dist/relprop.min.js", "utf8")));
  const exported = metafile.outputs["dist/relprop.min.js"].exports.filter((name) => name !== "provide");
  edgeEntry("index.workerd", exported, "");
  edgeEntry("index.edge", exported, "?module");

  for (const file of Object.values(builds)) copyFileSync(`build/${file}`, `dist/${file}`);
  tool("typescript/bin/tsc", "-p", "tsconfig.build.json");
  await stylesheets();
  prune(...["index", "evaluate", "element", "react"].map((name) => `dist/types/${name}.d.ts`));
  // Model has Symbol.asyncDispose, which a user's `lib` may lack. (JSR refuses the directive in a source.)
  for (const types of ["dist/types/index.d.ts", "dist/types/evaluate.d.ts"]) {
    writeFileSync(types, `/// <reference lib="esnext.disposable" />\n${readFileSync(types, "utf8")}`);
  }
}

/** The stylesheets of fragment() and html() as files, for pages whose policy forbids styles within them. */
async function stylesheets() {
  const contents =
    'export { heatmapStyle } from "./src/render/heatmap.ts"; export { pageStyle } from "./src/render/html.ts"';
  const entry = { stdin: { contents, resolveDir: ".", loader: "ts" }, write: false };
  const [{ text }] = (await build({ ...options, ...entry })).outputFiles;
  const { heatmapStyle, pageStyle } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  writeFileSync("dist/heatmap.css", heatmapStyle());
  writeFileSync("dist/page.css", pageStyle());
}

/**
 * dist/models/NAME.js: a model of models/ as one module, to be imported by its name. Files that a module refers to by URL are
 * not found in every bundler and runtime; text within it is.
 */
function modelModules() {
  mkdirSync("dist/models", { recursive: true });
  for (const name of readdirSync("models")) {
    const files = readdirSync(`models/${name}`).filter((file) => /\.(json|safetensors)$/.test(file));
    const entries = files.map((file) => {
      const content = readFileSync(`models/${name}/${file}`);
      const weights = file.endsWith(".safetensors");
      const value = weights
        ? `/* @__PURE__ */ bytes("${content.toString("base64")}")`
        : JSON.stringify(String(content));
      return `  "${name}/${file}": ${value},\n`;
    });
    const bytes = `function bytes(base64) {
  const text = atob(base64);
  const all = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) all[i] = text.charCodeAt(i);
  return all;
}`;
    writeFileSync(`dist/models/${name}.js`, `${bytes}\n\nexport default {\n${entries.join("")}};\n`);
    const type = "Readonly<Record<string, string | Uint8Array>>";
    const about = `/** The files of ${name} by name: a source for \`load()\`. */`;
    writeFileSync(`dist/models/${name}.d.ts`, `${about}\ndeclare const model: ${type};\nexport default model;\n`);
  }
}

/** What a page's engine may weigh, in bytes of gzip. */
const MOST = 56_000;

/** Prints what a page loads to explain, tokenisation included: on each backend, and all in one file. */
async function measure() {
  const entry = { stdin: { contents: 'export { load } from "./dist/index.js"', resolveDir: "." } };
  const split = { splitting: true, chunkNames: "[name]-[hash]", outdir: "out", metafile: true, write: false };
  const { outputFiles, metafile } = await build({ ...options, ...page, ...entry, ...split });
  const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [relative(".", path), [contents.length, gzip(contents)]]),
  );
  /** A file and all that it imports at once. */
  const graph = (file, found = new Set()) => {
    if (found.has(file)) return found;
    found.add(file);
    for (const { path, kind, external } of metafile.outputs[file].imports) {
      if (kind === "import-statement" && !external) graph(path, found);
    }
    return found;
  };
  const named = (start) => [...sizes.keys()].find((file) => file.startsWith(`out/${start}`));
  const weigh = (...starts) => {
    const files = new Set(starts.flatMap((start) => [...graph(named(start))]));
    return [...files].map((file) => sizes.get(file)).reduce(([a, b], [c, d]) => [a + c, b + d]);
  };
  const kB = (n) => `${(n / 1000).toFixed(1)} kB`;
  for (const backend of ["wasm", "webgpu"]) {
    const engine = weigh("stdin", backend);
    console.log(`load() and all it needs on ${backend}: ${engine.map(kB).join(", gzip ")} (at most ${kB(MOST)})`);
    if (engine[1] > MOST) throw new Error(`the engine weighs ${engine[1]} bytes of gzip, the most is ${MOST}`);
  }
  const one = readFileSync("dist/relprop.min.js");
  console.log(`relprop.min.js, everything: ${kB(one.length)}, gzip ${kB(gzip(one))}`);
}

const [only, part, entry] = process.argv.slice(2);
if (part === "kernels") {
  generateActivations();
  generateKernels(true, entry && [entry]);
} else if (part === "shaders") {
  generateShaders();
} else {
  generate();
  await generateWorker();
  if (only !== "generate") {
    await bundle();
    modelModules();
    await measure();
  }
}
