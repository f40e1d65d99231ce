// What `npm pack` would publish, as `npm run build` left it. On Node alone: the built files are the same everywhere, and
// test/everywhere runs them in every runtime.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (path: string) => `${root}${path}`;
const json = (path: string) => JSON.parse(readFileSync(at(path), "utf8"));

const test = suite("the package");
const manifest = json("package.json");

/** Everything that may be published. */
const ALLOWED = [
  /^(README|CHANGELOG)\.md$|^LICENSE$|^package\.json$/,
  /^dist\/(index|index\.workerd|index\.edge|evaluate|element|react|relprop\.min|worker|cli)\.js$/,
  /^dist\/[a-z0-9_-]+-[A-Z0-9]{8}\.js$/, // what is loaded later
  /^dist\/(heatmap|page)\.css$/,
  /^dist\/kernels(\.relaxed)?\.wasm$/,
  /^dist\/models\/(sst2|digits)-tiny\.(js|d\.ts)$/,
  /^dist\/types\/([a-z]+\/)*[a-z0-9_-]+\.d\.ts$/,
  /^models\/sst2-tiny\/(README\.md|(config|tokenizer|tokenizer_config)\.json|model\.safetensors)$/,
  /^models\/digits-tiny\/(README\.md|(config|preprocessor_config)\.json|model\.safetensors)$/,
];

test("what is packed, and how much", () => {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const [{ files }] = JSON.parse(execFileSync("npm", args, { cwd: root, encoding: "utf8" }));
  const paths: string[] = files.map(({ path }: { path: string }) => path);
  assert.equal(
    paths.filter((path) => !ALLOWED.some((allowed) => allowed.test(path))),
    [],
    "files that are not allowed",
  );
  for (const allowed of ALLOWED)
    assert.ok(
      paths.some((path) => allowed.test(path)),
      `nothing matches ${allowed}`,
    );
  const code = files.filter(({ path }: { path: string }) => !/^(dist\/)?models\//.test(path));
  const bytes = code.reduce((n: number, { size }: { size: number }) => n + size, 0);
  console.log(`${paths.length} files, ${(bytes / 1000).toFixed(0)} kB unpacked without the model`);
  // It was 1 MB before all of transformers' configs, activations and poolings were read.
  assert.ok(bytes < 1_425_000, `${bytes} bytes without the model, the most is 1.425 MB`);
});

test("declarations refer to nothing that is not packed, and calls have the types that test/everywhere/app says", () => {
  const config = at("dist/tsconfig.json");
  const app = ["types.ts", "overloads.ts", "webgpu.ts"].map((file) => `../test/everywhere/app/${file}`);
  const files = ["types/index.d.ts", "types/evaluate.d.ts", "types/element.d.ts", ...app];
  writeFileSync(
    config,
    JSON.stringify({
      extends: "../tsconfig.json",
      compilerOptions: {
        skipLibCheck: false,
        rootDir: "..",
        paths: {
          relprop: ["./types/index.d.ts"],
          "relprop/evaluate": ["./types/evaluate.d.ts"],
          "relprop/models/sst2-tiny": ["./models/sst2-tiny.d.ts"],
        },
      },
      include: [],
      files,
    }),
  );
  try {
    const { stdout } = spawnSync(process.execPath, [at("node_modules/typescript/bin/tsc"), "-p", config], {
      encoding: "utf8",
    });
    // Declarations of others may contradict one another.
    assert.equal(
      stdout.split("\n").filter((line) => /dist\/types|^types|everywhere\/app/.test(line)),
      [],
    );
  } finally {
    rmSync(config);
  }
});

test("every path that package.json names is there", () => {
  const named = Object.values(manifest.exports).flatMap((value) => Object.values(Object(value)).join("") && value);
  const paths = named.flatMap((value) => (typeof value === "string" ? value : Object.values(value as object)));
  for (const path of [...paths, ...Object.values(manifest.bin), manifest.unpkg, manifest.jsdelivr] as string[]) {
    assert.ok(existsSync(at(path.replace("*", "sst2-tiny"))), path);
  }
  // Conditions are tried in order: types first, and wrangler sets `browser` and `worker` beside `workerd`.
  assert.equal(Object.keys(manifest.exports["."]), ["types", "workerd", "edge-light", "default"]);
});

/** The modules that a bundle of a file would import, and its code. A build that needs an await at the top fails. */
async function graph(file: string): Promise<{ inputs: string[]; imports: string[]; code: string }> {
  const { metafile, outputFiles, warnings } = await build({
    entryPoints: [at(file)],
    bundle: true,
    format: "cjs", // has no top-level await
    platform: "browser",
    external: ["*.wasm", "*.wasm?module"],
    write: false,
    metafile: true,
    logLevel: "silent",
    logOverride: { "empty-import-meta": "silent" }, // where it is empty, `worker: true` says so
  });
  assert.equal(warnings, []);
  const [output] = Object.values(metafile.outputs);
  const imports = output.imports.map(({ path }) => path).sort();
  return { inputs: Object.keys(metafile.inputs), imports, code: outputFiles[0].text };
}

test("a page's graph: nothing of Node's, nothing awaited at the top", async () => {
  for (const file of ["dist/index.js", "dist/evaluate.js", "dist/element.js", "dist/relprop.min.js"]) {
    const { inputs, imports, code } = await graph(file);
    assert.equal(imports, [], file);
    assert.not.match(code, /\b(import|require)\s*\(\s*["'`]/, file);
    if (file.includes("min")) assert.is(inputs.length, 1, "one file, all in it");
  }
});

test("an edge function's graph: the page's one file, and kernels that are imported; no more than 217 kB of gzip", async () => {
  const files = ["./kernels.relaxed.wasm", "./kernels.wasm"];
  const entries: [string, string][] = [
    ["workerd", ""],
    ["edge", "?module"],
  ];
  for (const [name, query] of entries) {
    const { imports, code } = await graph(`dist/index.${name}.js`);
    assert.equal(
      imports,
      files.map((file) => file + query),
    );
    // The kernels that pages unpack come along unused: 15 kB, for 224 kB less in the package than a build of its own took.
    const bytes = gzipSync(code, { level: 9 }).length;
    assert.ok(bytes < 217_000, `${name}: ${bytes} bytes of gzip`);
  }
});

test("nothing of others is in it: a licence that asks for a notice would need one", async () => {
  const entryPoints = ["index", "evaluate", "element", "cli", "runtime/worker/worker"].map((name) =>
    at(`src/${name}.ts`),
  );
  const { metafile } = await build({
    entryPoints,
    bundle: true,
    format: "esm",
    platform: "node",
    splitting: true,
    outdir: "nowhere",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const inputs = Object.keys(metafile.inputs);
  assert.ok(inputs.length > 100);
  assert.equal(
    inputs.filter((path) => path.includes("node_modules")),
    [],
  );
});

test("released with provenance and a bill of materials, which has nothing; models name the scripts that made them", () => {
  const release = readFileSync(at(".github/workflows/release.yml"), "utf8");
  for (const step of ["npm publish --provenance", "npm sbom --sbom-format cyclonedx --omit dev"])
    assert.ok(release.includes(step), step);
  const bill = execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--omit", "dev"], {
    cwd: at(""),
    encoding: "utf8",
  });
  assert.equal(JSON.parse(bill).components, []);
  for (const model of readdirSync(at("models"))) {
    const scripts = readFileSync(at(`models/${model}/README.md`), "utf8").match(/test\/reference\/\w+\.py/g) ?? [];
    assert.ok(scripts.length, model);
    for (const script of scripts) assert.ok(existsSync(at(script)), script);
  }
});

test("import and require give the same module", async () => {
  const name = manifest.name;
  const imported = await import(name);
  const required = createRequire(import.meta.url)(name);
  assert.equal(Object.keys(required).sort(), Object.keys(imported).sort());
  assert.is(required.load, imported.load);
  const own = await import("../src/index.ts");
  assert.equal(Object.keys(imported).sort(), Object.keys(own).sort());
});

test("JSR has the same version and needs the same", () => {
  const jsr = json("jsr.json");
  assert.is(jsr.version, manifest.version);
  assert.equal([manifest.dependencies, jsr.imports], [undefined, undefined], "nothing else is installed");
});

test.run();
