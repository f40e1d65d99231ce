// The rooms of src/: each stands on those above it in the list, and files import one another in circles of two at most.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

/** From the ground up. Those on one line do not know each other. */
const FLOORS = [
  "errors finite logits pauses random",
  "options",
  "graph",
  "ops",
  "propagation",
  "backends",
  "checkpoint",
  "inputs",
  "tasks",
  "models",
  "engine",
  "explain",
  "attribution generate diagnose",
  "render",
  "runtime",
  "evaluate",
  "element",
  "index index.page evaluate.ts react",
  "cli",
].map((line) => line.split(" "));

const src = fileURLToPath(new URL("../src/", import.meta.url));
const files = (readdirSync(src, { recursive: true }) as string[])
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts") && !file.startsWith("generated/"));

const imports = new Map(
  files.map((file) => {
    const code = readFileSync(src + file, "utf8");
    const paths = [...code.matchAll(/(?:\bfrom |\bimport\()"(\.[^"]+)"/g)].map(([, path]) =>
      normalize(join(dirname(file), path)),
    );
    return [file, paths.filter((path) => files.includes(path))];
  }),
);

/** The floor of a file's room; of a file beside the rooms, that of its own name. */
function floor(file: string): number {
  const [room] = file.split("/");
  const names = room === "evaluate.ts" ? [room] : [room.replace(/\.ts$/, "")];
  const found = FLOORS.findIndex((rooms) => rooms.includes(names[0]));
  assert.ok(found >= 0, `${file} is in no room of the list`);
  return found;
}

/** Groups of files that reach one another by imports (Tarjan 1972). */
function circles(): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string) => {
    order.set(file, order.size);
    low.set(file, order.get(file)!);
    stack.push(file);
    for (const next of imports.get(file)!) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!));
    }
    if (low.get(file) === order.get(file)) found.push(stack.splice(stack.indexOf(file)));
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return found.filter(({ length }) => length > 1);
}

const test = suite("rooms");

test("no room imports one above it", () => {
  const up = [...imports].flatMap(([file, paths]) =>
    paths.filter((path) => floor(path) > floor(file)).map((path) => `${file} imports ${path}`),
  );
  assert.equal(up, []);
});

test("no circle of imports is longer than two files", () => {
  assert.equal(
    circles().filter(({ length }) => length > 2),
    [],
  );
});

test("few files lie beside the rooms", () => {
  const loose = files.filter((file) => !file.includes("/")).sort();
  assert.equal(
    loose,
    [
      "cli",
      "element",
      "errors",
      "evaluate",
      "finite",
      "index.page",
      "index",
      "logits",
      "pauses",
      "random",
      "react",
    ].map((name) => `${name}.ts`),
  );
});

test("what a task is called is compared nowhere but among the tasks", () => {
  const compared = files.filter(
    (file) =>
      !file.startsWith("tasks/") &&
      /\btask(\.name)?\s*[!=]==|\btask\.(starts|ends)With/.test(readFileSync(src + file, "utf8")),
  );
  assert.equal(compared, []);
});

test.run();
