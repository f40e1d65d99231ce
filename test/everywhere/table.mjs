// The table in the README: what passed where, with versions, between two marks. CI compares it with what passed there.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { runtimes } from "./runtimes.mjs";

const readme = new URL("../../README.md", import.meta.url);
const START = "<!-- written by npm run test:everywhere -- --write -->\n";
const END = "<!-- end -->\n";

const output = (command, ...args) => execFileSync(command, args, { encoding: "utf8" });
const version = (row) => /\d+\.\d+/.exec(output(runtimes[row].command, "--version"))[0];
const installed = (name, from = ".", pattern = /^\d+\.\d+/) => {
  const path = new URL(`${from}/node_modules/${name}/package.json`, import.meta.url);
  return pattern.exec(JSON.parse(readFileSync(path, "utf8")).version).pop();
};

/** Label, version, and whose WebGPU it is. */
const rows = {
  node: ["Node", () => version("node"), "Dawn"],
  node26: ["Node", () => version("node26"), "Dawn"],
  deno: ["Deno", () => version("deno"), "wgpu"],
  bun: ["Bun", () => version("bun"), "Dawn"],
  chromium: ["Chromium", () => /\d+/.exec(output(process.env.CHROMIUM ?? "/usr/bin/chromium", "--version"))[0], "Dawn"],
  workerd: ["workerd", () => installed("workerd", ".", /\.(\d{6})/)],
  vite: ["Vite", () => installed("vite")],
  vite7: ["Vite", () => installed("vite7")],
  webpack: ["webpack", () => installed("webpack")],
  esbuild: ["esbuild", () => installed("esbuild", "../..")],
  typescript: [
    "TypeScript",
    () => /\d+\.\d+/.exec(output(process.execPath, "node_modules/typescript/bin/tsc", "-v"))[0],
  ],
};

function table(passed) {
  const lines = Object.entries(rows).map(([row, [label, version, gpu]]) => {
    const names = passed.get(row) ?? [];
    const tests = names.filter((name) => name === "wasm" || name === "webgpu");
    const on = tests.map((name) => (name === "wasm" ? "WASM" : `WebGPU (${gpu})`)).join(", ");
    const rest = names.filter((name) => !tests.includes(name)).join("; ");
    return `| ${label} ${version()} | ${on} | ${rest} |\n`;
  });
  return `\n| where | all tests on | the packed tarball |\n| --- | --- | --- |\n${lines.join("")}\n`;
}

function split() {
  const text = readFileSync(readme, "utf8");
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error("the README has no table");
  return {
    before: text.slice(0, start + START.length),
    table: text.slice(start + START.length, end),
    after: text.slice(end),
  };
}

export function write(passed) {
  const { before, after } = split();
  writeFileSync(readme, before + table(passed) + after);
}

/** Versions may differ after the first number: CI cannot pin Debian's Chromium, nor which Node 20 it has. */
export function compare(passed) {
  const major = (text) => text.replace(/(\d+)\.\d+/g, "$1").replace(/Chromium \d+/, "Chromium");
  const [now, then] = [table(passed), split().table];
  if (major(now) !== major(then)) throw new Error(`the README's table is not what passed:\n${now}`);
}
