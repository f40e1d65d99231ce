// Every code block of the README and of docs/, on the packed tarball: types of all blocks of TypeScript, syntax of the others, and
// the output of those that run in Node or in a shell.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { App, run } from "../everywhere/app.mjs";
import { blocks, isShown } from "./blocks.mjs";
import { compiledSvelte, compiledVue, packages } from "./frameworks.mjs";
import { prepare } from "./given.mjs";
import { opened } from "./pages.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const failures = [];
const fail = ({ page, line }, why) => failures.push(`${page}:${line}: ${String(why).trim()}`);
const all = blocks();
const app = new App();

/** Languages and what is done with a block of each. */
const kinds = {
  ts: "program",
  tsx: "program",
  vue: "component",
  svelte: "component",
  js: "script",
  html: "page",
  css: "style",
  sh: "shell",
  json: "json",
  py: "python",
};

async function types(programs) {
  const folder = app.in("blocks");
  mkdirSync(folder, { recursive: true });
  for (const [i, block] of programs.entries()) {
    const isModule = /^\s*(import|export)\b/m.test(block.code);
    block.name = `${i}${block.language === "tsx" ? ".tsx" : ".ts"}`;
    writeFileSync(`${folder}/${block.name}`, isModule ? block.code : `${block.code}\nexport {};\n`);
  }
  writeFileSync(`${folder}/given.d.ts`, execFileSync("cat", [at("given.d.ts")]));
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    jsx: "react-jsx",
    lib: ["es2022", "dom", "dom.iterable", "esnext.disposable"],
    types: ["node"],
    paths: {
      "npm:relprop": ["../node_modules/relprop/dist/types/index.d.ts"],
      "npm:relprop/models/*": ["../node_modules/relprop/dist/models/*.d.ts"],
    },
    typeRoots: [at("../../node_modules/@types")],
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ["."] }));
  const tsc = at("../../node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", folder], { cwd: folder }).catch(({ stdout, message }) => {
    for (const error of (stdout || message).matchAll(/^(\d+\.tsx?)\((\d+),\d+\): (.*)$/gm)) {
      const block = programs.find(({ name }) => name === error[1]);
      fail({ page: block.page, line: block.line + Number(error[2]) }, error[3]);
    }
    if (!failures.length) failures.push(stdout || message);
  });
}

async function programs(list) {
  const files = [];
  for (const block of list) {
    const { code } = await transform(block.code, { loader: "ts", target: "es2022" });
    const file = app.in(`blocks/${block.name.replace(".ts", ".mjs")}`);
    writeFileSync(file, code);
    files.push(file);
  }
  const main = app.in("node_modules/relprop/dist/index.js");
  const args = [at("programs.mjs"), app.in("play"), main, ...files];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1e8, timeout: 120_000 });
  const results = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const [i, block] of list.entries()) {
    const { failed, printed } = results[i] ?? { failed: "did not run" };
    if (failed) fail(block, failed.split("\n").slice(0, 4).join("\n"));
    else shown(block, printed);
  }
}

/** What a program must print: the block of text below it, or what the comments behind its console.log() say. */
function shown(block, printed) {
  const comments = [...block.code.matchAll(/^console\.log\(.*\); \/\/ (.+)$/gm)].map(([, comment]) => `${comment}\n`);
  const expected = block.prints ?? (comments.length ? comments.join("") : undefined);
  if (expected !== undefined && !isShown(printed, expected)) fail(block, `prints\n${printed}and shows\n${expected}`);
}

/** Results against their JSON Schemas. */
async function results() {
  const args = [at("results.mjs"), app.in("play"), app.in("node_modules/relprop")];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1e8, timeout: 120_000 });
  for (const fault of stdout.trim().split("\n").filter(Boolean))
    fail({ page: "docs/reference/results.md", line: 1 }, fault);
}

async function shells(list) {
  const env = { ...process.env, PATH: `${app.in("node_modules/.bin")}:${process.env.PATH}`, NO_COLOR: "1" };
  const rest = [...list];
  const lane = async () => {
    for (let block = rest.shift(); block; block = rest.shift()) {
      const result = await bash(block.code, { cwd: app.in("play"), env });
      if (result.status) fail(block, `${result.err}\nstatus ${result.status}`);
      else if (block.prints !== undefined && !isShown(result.out, block.prints))
        fail(block, `prints\n${result.out}and shows\n${block.prints}`);
    }
  };
  await Promise.all([lane(), lane()]);
}

/** A script's output; its commands stop at the first that fails. `npx relprop` is the installed one. */
function bash(script, options) {
  return new Promise((resolve) => {
    const child = spawn("bash", ["-euo", "pipefail", "-c", script.replace(/\bnpx (?=relprop)/g, "")], options);
    const result = { out: "", err: "" };
    child.stdout.on("data", (data) => (result.out += data));
    child.stderr.on("data", (data) => (result.err += data));
    child.on("close", (status) => resolve({ ...result, status }));
  });
}

const from = performance.now();
try {
  for (const block of all)
    if (block.language !== "http" && !kinds[block.language])
      fail(block, `a block of ${block.language || "no language"}`);
  const of = (kind) => all.filter(({ language, compiles }) => compiles && kinds[language] === kind);
  const runs = (list) => list.filter(({ reason }) => !reason);
  await app.install();
  for (const [name, folder] of packages) symlinkSync(folder, app.in(`node_modules/${name}`), "dir");
  mkdirSync(app.in("play"));
  prepare(app.in("play"));
  const components = of("component");
  for (const block of components) {
    const compile = block.language === "vue" ? compiledVue : compiledSvelte;
    try {
      block.script = compile(block.code);
    } catch (error) {
      fail(block, error.message);
    }
  }
  const typed = of("program");
  await Promise.all([
    types([
      ...typed,
      ...components.filter(({ script }) => script).map((block) => ({ ...block, code: block.script, language: "ts" })),
    ]),
    shells(runs(of("shell"))),
  ]);
  await programs(runs(typed).filter(({ language }) => language === "ts"));
  for (const block of of("json")) {
    try {
      JSON.parse(block.code);
    } catch (error) {
      fail(block, error.message);
    }
  }
  for (const block of of("style")) await transform(block.code, { loader: "css" }).catch((error) => fail(block, error));
  for (const block of of("script")) await transform(block.code, { loader: "js" }).catch((error) => fail(block, error));
  const pages = runs(of("page"));
  for (const [i, problems] of (await opened(pages, app)).entries())
    for (const problem of problems) fail(pages[i], problem);
  await results();
  for (const block of of("python")) {
    const compiled = "import ast, sys; ast.parse(sys.stdin.read())";
    await run("python3", ["-c", compiled.replace("sys.stdin.read()", JSON.stringify(block.code))]).catch((error) =>
      fail(block, error.stderr),
    );
  }
} finally {
  await app.remove();
}
for (const failure of failures) console.log(failure.replace(/^/gm, "    | "));
const seconds = ((performance.now() - from) / 1000).toFixed(1);
const reasons = all.filter(({ reason }) => reason).length;
console.log(`${all.length} blocks, ${reasons} of them compiled but not run, ${failures.length} wrong (${seconds} s)`);
process.exit(failures.length ? 1 : 0);
