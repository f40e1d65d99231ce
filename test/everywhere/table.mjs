// The table in docs/reference/where-it-runs.md: what passed where, with versions, between two marks. CI compares it with what passed there.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { runtimes } from "./runtimes.mjs";

const page = new URL("../../docs/reference/where-it-runs.md", import.meta.url);
const START = "<!-- written by npm run test:everywhere -- --write -->\n";
const END = "<!-- end -->\n";

const output = (command, ...args) =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const version = (row) => /\d+\.\d+/.exec(output(runtimes[row].command, "--version"))[0];
const installed = (name, from = ".", pattern = /^\d+\.\d+/) => {
  const path = new URL(`${from}/node_modules/${name}/package.json`, import.meta.url);
  return pattern.exec(JSON.parse(readFileSync(path, "utf8")).version).pop();
};

/** Label, version, and whose WebGPU it is. */
export const rows = {
  node: ["Node", () => version("node"), "Dawn"],
  node26: ["Node", () => version("node26"), "Dawn: kernels, golden numbers, faults"],
  deno: ["Deno", () => version("deno"), "wgpu: every op and kernel, golden numbers, faults"],
  bun: ["Bun", () => version("bun"), "Dawn: kernels, golden numbers, faults"],
  chromium: [
    "Chromium",
    () => /\d+/.exec(output(process.env.CHROMIUM ?? "/usr/bin/chromium", "--version"))[0],
    "Dawn: every op and kernel, golden numbers, faults",
  ],
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

const HEAD = "\n| where | test files on | the packed tarball | what it says |\n| --- | --- | --- | --- |\n";

const COLUMNS = ["tests", "works", "says"];

/** A row's cells; of the columns that did not run, the old ones. */
function line(row, passed = {}, ran = COLUMNS, old = "") {
  const [label, version, gpu] = rows[row];
  const [, , ...before] = old.split("|").map((cell) => cell.trim());
  const shown = (name) => ({ wasm: "WASM", webgpu: `WebGPU (${gpu})` })[name] ?? name;
  const cells = COLUMNS.map((column, i) =>
    ran.includes(column) ? (passed[column] ?? []).map(shown).join(", ") : (before[i] ?? ""),
  );
  return `| ${label} ${version()} | ${cells.join(" | ")} |\n`;
}

function split() {
  const text = readFileSync(page, "utf8");
  const [start, end] = [text.indexOf(START) + START.length, text.indexOf(END)];
  if (start < START.length || end < start) throw new Error("docs/reference/where-it-runs.md has no table");
  const lines = text
    .slice(start, end)
    .split(/(?<=\n)/)
    .slice(3, -1);
  return { before: text.slice(0, start), lines, after: text.slice(end) };
}

/** Versions may differ after the first number: CI cannot pin Debian's Chromium, nor which Node 20 it has. */
const loosely = (line) => line.replace(/(\d+)\.\d+/g, "$1").replace(/Chromium \d+/, "Chromium");

/** Writes the rows and columns that ran, and leaves the others. */
export function write(passed, isRow, columns) {
  const { before, lines, after } = split();
  const now = Object.keys(rows).map((row, i) => line(row, passed.get(row), isRow(row) ? columns : [], lines[i]));
  writeFileSync(page, `${before}${HEAD}${now.join("")}\n${after}`);
}

export function compare(passed) {
  const { lines } = split();
  const now = Object.keys(rows).map((row) => line(row, passed.get(row)));
  const same = now.length === lines.length && now.every((text, i) => loosely(text) === loosely(lines[i]));
  if (!same) throw new Error(`the table of docs/reference/where-it-runs.md is not what passed:\n${now.join("")}`);
}
