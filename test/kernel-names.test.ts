// A kernel is one name in two languages. Here also what it is called with has one name: bindings and the fields of Args in
// WGSL are the parameters in AssemblyScript, of the same names and types in the same order.

import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { entryPoints, kernelName } from "../src/backends/webgpu/kernels.ts";
import { rare } from "../src/generated/rare.ts";
import { shaders as common } from "../src/generated/shaders.ts";

const test = suite("names of kernels");
const root = new URL("../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const files = (folder: string) => readdirSync(new URL(folder, root)).filter((name) => name.endsWith(".ts"));

interface Kernel {
  pointers: string[];
  numbers: string[];
}

/** The text of function `name`, which is a line of its own, and of all that it calls. */
function reachable(code: string, name: string, seen = new Set<string>()): string {
  if (seen.has(name)) return "";
  seen.add(name);
  const line = new RegExp(`^fn ${name}\\b.*`, "m").exec(code)?.[0] ?? "";
  return line + [...line.matchAll(/\b(\w+)\(/g)].map(([, f]) => reachable(code, f, seen)).join("");
}

/** What each entry point of a shader is called with. */
function shaderKernels(file: string, code: string): [string, Kernel][] {
  const bindings = [...code.matchAll(/@binding\((\d+)\)var<[^>]+>(\w+):array/g)].sort(([, a], [, b]) => +a - +b);
  const [, fields] = /struct Args \{([^}]*)\}/.exec(code)!;
  return entryPoints(code).map((entry) => {
    const text = reachable(code, entry);
    const used = bindings.filter(([, , name]) => new RegExp(`(?<![.\\w])${name}\\[`).test(text));
    return [
      kernelName(file, entry),
      { pointers: used.map(([, , name]) => name), numbers: fields.split(",").filter(Boolean) },
    ];
  });
}

/** What each exported function is called with. */
function functions(code: string): [string, Kernel][] {
  return [...code.matchAll(/export function (\w+)\(([^)]*)\)/g)].map(([, name, list]) => {
    const parameters = [...list.matchAll(/(\w+): (\w+)/g)].map(([, n, t]) => [n, t]);
    const pointers = parameters.filter(([, type]) => type === "usize").map(([n]) => n);
    return [name, { pointers, numbers: parameters.slice(pointers.length).map((one) => one.join(":")) }];
  });
}

const shaders = new Map(Object.entries({ ...common, ...rare }).flatMap(([file, code]) => shaderKernels(file, code)));
const assembly = new Map(
  files("assembly/")
    .filter((file) => !/^(math|matmul|memory|map)\.ts$/.test(file))
    .flatMap((file) => functions(read(`assembly/${file}`))),
);
for (const file of files("assembly/activations/")) {
  for (const [name, kernel] of functions(read("assembly/lib/activation.ts"))) {
    assembly.set(`${file.replace(".ts", "")}_${name}`, kernel);
  }
}

test("bindings and arguments have the names and types of the twin's parameters", () => {
  assert.ok(shaders.size > 90, `${shaders.size} entry points`);
  for (const [name, kernel] of shaders) assert.equal(kernel, assembly.get(name), name);
});

test.run();
