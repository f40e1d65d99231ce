// Builds the package: `node build.mjs` for everything, `node build.mjs generate` for what the sources import.
//   build/*.wasm         the kernels of assembly/, without and with relaxed SIMD
//   src/generated/       shaders and kernels as strings, so that no runtime or bundler needs a loader
//   dist/                the package: index.js, cli.js, declarations
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
    return `  ${file.replace(".wgsl", "")}: ${JSON.stringify(bare)},\n`;
  });
  const type = "Readonly<Record<string, string>>";
  writeFileSync("src/generated/shaders.ts", `${note}export const shaders: ${type} = {\n${shaders.join("")}};\n`);
}

const options = { bundle: true, format: "esm", target: "es2022", legalComments: "none", logLevel: "warning" };

async function bundle() {
  rmSync("dist", { recursive: true, force: true });
  const external = ["@huggingface/tokenizers", "webgpu", "node:*"];
  await build({ ...options, entryPoints: ["src/index.ts"], outfile: "dist/index.js", external });
  await build({
    ...options,
    entryPoints: ["src/cli.ts"],
    outfile: "dist/cli.js",
    external: [...external, "./index.js"],
    platform: "node",
  });
  for (const file of Object.values(builds)) copyFileSync(`build/${file}`, `dist/${file}`);
  tool("typescript/bin/tsc", "-p", "tsconfig.build.json");
}

/** Prints what a page loads to explain on either backend, tokenisation included. */
async function measure() {
  const result = await build({
    ...options,
    entryPoints: ["src/index.ts"],
    minify: true,
    write: false,
    platform: "browser",
  });
  const page = Buffer.from(result.outputFiles[0].contents);
  const kernels = Object.values(builds).map((file) => readFileSync(`build/${file}`).length);
  const kB = (n) => `${(n / 1000).toFixed(1)} kB`;
  console.log(
    `browser bundle: ${kB(page.length)} minified, ${kB(gzipSync(page, { level: 9 }).length)} gzip ` +
      `(aim 40 kB; kernels ${kernels.map(kB).join(" and ")}, deflated together)`,
  );
}

generate();
if (process.argv[2] !== "generate") {
  await bundle();
  await measure();
}
