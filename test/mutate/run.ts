// Plants faults one at a time in a copy of the repository and prints which test catches each: `npm run mutate`.
//   --only TEXT    only faults that have the text in their name or file; may be given more than once
//   --from TEXT    only those from the first such one on
//   --lanes N      so many at a time (default 2)
// Ends with status 1 if a fault is caught by no test, or is none: its text is not there exactly once, it does not compile, or
// the test file fails without it too. A fault in shaders/ must be caught on WebGPU, any other on WASM unless it says so.

import { parseArgs } from "node:util";
import { Copy, planted } from "./copy.ts";
import { type Fault, faultsOf, label } from "./fault.ts";
import { formats } from "./formats.ts";
import { kernels } from "./kernels.ts";
import { models } from "./models.ts";
import { ops } from "./ops.ts";
import { shaders } from "./shaders.ts";

/** The test files about numbers, which are tried in this order after a fault's own. */
const TESTS = (
  "kernels ops linear norm softmax attention grouped-attention activation blocks half-precision positions propagate gradient attn-lrp matmul attend " +
  "places residual point-mae twin model-twin golden families variants model methods breakdown pairs similarity linear-attention " +
  "skip-layer one-layer recompute plan tiles threads targets act2fn ali energy switches nope digits points"
).split(" ");

const only = { type: "string", multiple: true } as const;
const { values } = parseArgs({ options: { only, from: { type: "string" }, lanes: { type: "string" } } });

const every = faultsOf([...ops, ...models, ...kernels, ...shaders, ...formats]);
const twice = every.find((fault, i) => every.findIndex((other) => label(other) === label(fault)) !== i);
if (twice) throw new Error(`two faults are called ${label(twice)}`);
const first = values.from === undefined ? 0 : every.findIndex((fault) => label(fault).includes(values.from!));
const asked = (fault: Fault) => !values.only || values.only.some((text) => label(fault).includes(text));
const chosen = first < 0 ? [] : every.slice(first).filter(asked);
if (!chosen.length) throw new Error(`no fault is called ${values.from ?? values.only}`);
for (const fault of chosen) planted(fault);

const caught = new Map<Fault, string>();
const start = performance.now();
const seconds = (from: number) => `${((performance.now() - from) / 1000).toFixed(0)} s`;

const clean = new Copy();
await clean.generate();
const invalid = await clean.refused(chosen.filter(({ file }) => file.startsWith("src/")));

/** What test files say without a fault, by file and backend. */
const sound = new Map<string, ReturnType<Copy["failing"]>>();
function withoutFault(file: string, on: string): ReturnType<Copy["failing"]> {
  const key = `${file} on ${on}`;
  const known = sound.get(key) ?? clean.failing([file], on);
  sound.set(key, known);
  return known;
}

/** The first test that catches a fault. */
async function catcher(copy: Copy, { tests, on }: Fault): Promise<string | undefined> {
  const others = TESTS.filter((test) => !tests.includes(test));
  const found = (await copy.failing(tests, on)) ?? (await copy.failing(others, on));
  if (!found) return undefined;
  const anyway = await withoutFault(found.file, on);
  if (anyway) throw new Error(`${anyway.file}.test.ts fails on ${on} without it too: ${anyway.test}`);
  return `${found.file}.test.ts, ${found.test}`;
}

const rest = chosen.filter((fault) => !invalid.has(fault));
async function lane(): Promise<void> {
  const copy = new Copy(clean);
  for (let fault = rest.shift(); fault; fault = rest.shift()) await plant(copy, fault);
  copy.remove();
}

async function plant(copy: Copy, fault: Fault): Promise<void> {
  const from = performance.now();
  try {
    const test = await copy.with(fault, () => catcher(copy, fault));
    if (test !== undefined) caught.set(fault, test);
    console.log(
      `${test ? "caught  " : "SURVIVES"} ${label(fault)} (${seconds(from)})\n         ${test ?? "all tests pass"}`,
    );
  } catch (error) {
    invalid.set(fault, String(error));
    console.log(`INVALID  ${label(fault)}: ${error}`);
  }
}

await Promise.all(Array.from({ length: Math.min(Number(values.lanes ?? 2), rest.length) }, lane));
clean.remove();

const folder = ({ file }: Fault) => file.split("/").slice(0, -1).slice(0, 2).join("/");
console.log("\nplanted  caught  in");
for (const name of new Set(chosen.map(folder))) {
  const mine = chosen.filter((fault) => folder(fault) === name);
  const good = mine.filter((fault) => caught.has(fault)).length;
  console.log(`${String(mine.length).padStart(7)}  ${String(good).padStart(6)}  ${name}`);
}
for (const fault of chosen) {
  if (invalid.has(fault)) console.log(`INVALID  ${label(fault)}: ${invalid.get(fault)}`);
  else if (!caught.has(fault)) console.log(`SURVIVES ${label(fault)}`);
}
console.log(`${caught.size} of ${chosen.length} caught in ${seconds(start)}`);
process.exit(caught.size === chosen.length ? 0 : 1);
