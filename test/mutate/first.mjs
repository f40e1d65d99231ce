// Runs uvu files up to the first test that fails, and prints which that is: node first.mjs FILE…

import { register } from "node:module";
import { pathToFileURL } from "node:url";
import { firstFailure } from "./uvu.mjs";

const url = JSON.stringify(new URL("./uvu.mjs", import.meta.url).href);
const resolve = `(name, at, next) => name === "uvu" ? { url: ${url}, shortCircuit: true } : next(name, at)`;
register(`data:text/javascript,${encodeURIComponent(`export const resolve = ${resolve};`)}`);

for (const file of process.argv.slice(2)) {
  await import(pathToFileURL(`test/${file}.test.ts`).href);
  const [test, error] = (await firstFailure()) ?? [];
  if (test === undefined) continue;
  console.log(`\nFAIL ${file}.test.ts, ${test}\n${error?.message}`);
  process.exit(1);
}
