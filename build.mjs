// Builds the package: `node build.mjs` for everything, `node build.mjs generate` for what the sources import.
//   build/*.wasm         the kernels of assembly/, without and with relaxed SIMD
//   src/generated/       shaders and kernels as strings, so that no runtime or bundler needs a loader
//   dist/                the package: index.js, the same for edge runtimes and in one file for pages, worker.js, cli.js,
//                        declarations
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const tool = (name, ...args) => execFileSync(process.execPath, [`node_modules/${name}`, ...args], { stdio: "inherit" });

/** The builds in asconfig.json, and their files in build/ and dist/. */
const builds = { simd: "kernels.wasm", relaxed: "kernels.relaxed.wasm" };

function generate() {
  const [simd, relaxed] = Object.entries(builds).map(([target, file]) => {
    tool("assemblyscript/bin/asc.js", "--config", "asconfig.json", "--target", target);
    return readFileSync(`build/${file}`);
  });
  mkdirSync("src/generated", { recursive: true });
  const note = "// Written by build.mjs; do not edit.\n";

  // The second build costs next to nothing as long as the first lies within deflate's window of 32 KiB.
  const text = deflateRawSync(Buffer.concat([simd, relaxed]), { level: 9 }).toString("base64");
  const size = `export const simdBytes: number = ${simd.length};\n`;
  writeFileSync("src/generated/kernels.ts", `${note}${size}export const kernels: string =\n  "${text}";\n`);

  const shaders = readdirSync("shaders").map((file) => {
    const code = readFileSync(`shaders/${file}`, "utf8");
    const bare = code.replace(/\/\/.*/g, "").replace(/^\s+/gm, "");
    const tight = bare.replace(/ ?([{}()[\],;:=+*/<>|!%^?]) ?/g, "$1").replace("struct Args{", "struct Args {");
    return `  ${file.replace(".wgsl", "")}: ${JSON.stringify(tight)},\n`;
  });
  const type = "Readonly<Record<string, string>>";
  writeFileSync("src/generated/shaders.ts", `${note}export const shaders: ${type} = {\n${shaders.join("")}};\n`);
}

const options = { bundle: true, format: "esm", target: "es2022", legalComments: "none", logLevel: "warning" };
const page = { platform: "browser", minify: true };

/** The engine for edge runtimes: kernels are imported as modules, by paths that end in `query`. */
const edge = (query) => ({
  name: "edge",
  setup({ onResolve }) {
    onResolve({ filter: /\/builtin\.ts$/ }, () => ({ path: resolve("src/backends/builtin.edge.ts") }));
    onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: path + query, external: true }));
  },
});

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

async function bundle() {
  rmSync("dist", { recursive: true, force: true });
  const external = ["@huggingface/tokenizers", "node:*"];
  const plugins = [worker('new URL("./worker.js", import.meta.url)')]; // spelt as bundlers look for it
  const index = { ...options, entryPoints: ["src/index.ts"], external, plugins };
  await build({ ...index, outfile: "dist/index.js" });
  const dense = { ...index, minifyWhitespace: true, minifySyntax: true };
  await build({ ...dense, outfile: "dist/index.workerd.js", plugins: [edge("")] });
  await build({ ...dense, outfile: "dist/index.edge.js", plugins: [edge("?module")] });
  await build({ ...index, entryPoints: ["src/cli.ts"], outfile: "dist/cli.js", platform: "node" });

  // All in one file, for pages without a bundler.
  const { version, license, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const [[library, its]] = Object.entries(dependencies);
  const banner = `/* relprop ${version}, ${license}; with ${library} ${its}, Apache-2.0 */`;
  await build({
    ...options,
    ...page,
    entryPoints: ["src/index.ts"],
    outfile: "dist/relprop.min.js",
    banner: { js: banner },
    plugins: [worker("file()")], // bundlers follow index.js to worker.js to here, and must not be sent round again
  });
  writeFileSync("dist/worker.js", 'import { serve } from "./relprop.min.js";\n\nserve();\n');

  for (const file of Object.values(builds)) copyFileSync(`build/${file}`, `dist/${file}`);
  tool("typescript/bin/tsc", "-p", "tsconfig.build.json");
  // Model has Symbol.asyncDispose, which a user's `lib` may lack. (JSR refuses the directive in a source.)
  const types = "dist/types/index.d.ts";
  writeFileSync(types, `/// <reference lib="esnext.disposable" />\n${readFileSync(types, "utf8")}`);
}

/** What a page's engine may weigh, in bytes of gzip. */
const MOST = 40_000;

/** Prints what a page loads to explain on either backend, tokenisation included, with and without the renderers. */
async function measure() {
  const weigh = async (contents) => {
    const result = await build({ ...options, ...page, stdin: { contents, resolveDir: "." }, write: false });
    const code = result.outputFiles[0].contents;
    return [code.length, gzipSync(code, { level: 9 }).length];
  };
  const engine = await weigh('export { load } from "./dist/index.js"');
  const whole = await weigh('export * from "./dist/index.js"');
  const kB = (n) => `${(n / 1000).toFixed(1)} kB`;
  console.log(`the engine, load() and all it needs: ${engine.map(kB).join(", gzip ")} (at most ${kB(MOST)})`);
  console.log(`with html(), svg() and ansi():       ${whole.map(kB).join(", gzip ")}`);
  if (engine[1] > MOST) throw new Error(`the engine weighs ${engine[1]} bytes of gzip, the most is ${MOST}`);
}

generate();
if (process.argv[2] !== "generate") {
  await bundle();
  await measure();
}
